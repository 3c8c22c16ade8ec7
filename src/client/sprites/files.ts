import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { Transport } from '../transport.ts';

export interface SpriteFile {
  readonly name: string;
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly size: number;
  /** Octal, such as `0644`. */
  readonly mode: string;
  readonly modTime: string;
  readonly isDir: boolean;
}

export interface FileList {
  /** Absolute. */
  readonly path: string;
  readonly entries: readonly SpriteFile[];
}

export interface WriteOptions {
  /** Permission bits. */
  readonly mode?: number;
  readonly makeParents?: boolean;
}

/** Files may be large and lines slow. */
const transferTimeoutMs = 6 * 3_600_000;
/** What relative paths are under. */
const home = '/home/sprite';

/** Files of a sprite; a relative path is under its home folder. Errors have codes such as `not found`. */
export class SpriteFiles {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string) {
    this.#transport = transport;
    this.#path = path;
  }

  /** What a folder has, by name; a file lists itself. @throws {ApiError} `not found`, `forbidden` */
  list(path: string, { recursive = false }: { readonly recursive?: boolean } = {}): Promise<FileList> {
    return this.#transport.get(this.#target('list', path, { ...(recursive && { recursive: 'true' }) }));
  }

  /** @throws {ApiError} `not found`, `forbidden`, `invalid request` (a folder) */
  async read(path: string): Promise<Readable> {
    const answer = await this.#transport.raw('GET', this.#target('read', path), {
      timeoutMs: transferTimeoutMs,
    });
    return answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body as WebStream);
  }

  /** The file is there, or changed, when all of it has come. @throws {ApiError} `not found`, `forbidden` */
  async write(path: string, content: Readable, { mode, makeParents }: WriteOptions = {}): Promise<void> {
    const query = {
      ...(mode !== undefined && { mode: mode.toString(8).padStart(4, '0') }),
      ...(makeParents && { mkdirParents: 'true' }),
    };
    await this.#transport.raw('PUT', this.#target('write', path, query), {
      timeoutMs: transferTimeoutMs,
      headers: { 'content-type': 'application/octet-stream' },
      body: Readable.toWeb(content) as ReadableStream,
    });
  }

  /** @throws {ApiError} `not found`, `forbidden` */
  async delete(path: string): Promise<void> {
    await this.#transport.delete(this.#target('delete', path));
  }

  #target(route: string, path: string, query: Readonly<Record<string, string>> = {}): string {
    return `${this.#path}/fs/${route}?${new URLSearchParams({ path, workingDir: home, ...query }).toString()}`;
  }
}
