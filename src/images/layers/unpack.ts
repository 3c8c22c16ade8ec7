import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { bulkDataPassed } from '../../lib/bulk-data.ts';
import { toolEnvironment } from '../../lib/command.ts';
import { paddingOf, type TarEntry } from '../../lib/tar/entry.ts';
import { endOfArchive, formatHeader } from '../../lib/tar/format-tar.ts';
import { readTar } from '../../lib/tar/read-tar.ts';
import { algorithmOf, endDigest } from '../blobs/digest.ts';
import type { ImageLimits } from '../limits.ts';
import { LayerError } from './layer-error.ts';
import { OverlayLayer } from './overlay-layer.ts';
import { plainContent } from './plain-content.ts';

export interface UnpackOptions {
  /** Digest of the plain archive. */
  readonly diffId: string;
  readonly limits: Pick<ImageLimits, 'maxLayerBytes' | 'maxLayerEntries'>;
  readonly signal: AbortSignal;
  /** Is asked for room before it is taken. @throws {LayerError} when there is none */
  readonly takeRoom?: (bytes: number) => Promise<void>;
}

export interface UnpackedLayer {
  /** Of the plain archive: about what it takes on the disk. */
  readonly sizeBytes: number;
  readonly opaqueFolders: readonly string[];
}

const tarArguments = [
  '--extract',
  '--file=-',
  '--preserve-permissions',
  '--same-owner',
  '--numeric-owner',
  '--delay-directory-restore',
  '--xattrs',
  '--xattrs-include=*',
  '--warning=no-timestamp',
];
const outputBatchBytes = 256 * 1024;
const maxToldBytes = 4_096;

/**
 * Unpacks a layer into an empty folder, as a lower folder of an overlay. The members are judged here, one by one,
 * and written by `tar`, which can make what Node can't: owners with their attributes, and whiteouts.
 * @param archive compressed or not; stays open
 * @throws {LayerError} the folder has a part of the layer then
 */
export async function unpackLayer(
  archive: FileHandle,
  folder: string,
  { diffId, limits, signal, takeRoom }: UnpackOptions,
): Promise<UnpackedLayer> {
  signal.throwIfAborted();
  const child = spawn('tar', [...tarArguments, '--directory', folder], {
    env: toolEnvironment,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const output = new TarOutput(child);
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  const content = await plainContent(archive, signal);
  try {
    const layer = new OverlayLayer();
    const algorithm = algorithmOf(diffId);
    const hash = createHash(algorithm);
    let sizeBytes = 0;
    let entries = 0;
    const counted = async function* () {
      for await (const chunk of content as AsyncIterable<Buffer>) {
        sizeBytes += chunk.length;
        if (sizeBytes > limits.maxLayerBytes) {
          throw new LayerError(`it has more than ${limits.maxLayerBytes} bytes when unpacked`);
        }
        await takeRoom?.(chunk.length);
        hash.update(chunk);
        yield chunk;
        bulkDataPassed(chunk.length);
      }
    };
    await readTar(counted(), async (entry, data) => {
      entries += 1;
      if (entries > limits.maxLayerEntries) {
        throw new LayerError(`it has more than ${limits.maxLayerEntries} files`);
      }
      const translated = layer.translate(entry);
      if (translated !== undefined) await output.add(translated, data);
    });
    const found = endDigest(hash, algorithm);
    if (found !== diffId) throw new LayerError(`it is damaged: its content is ${found}, not ${diffId}`);
    for (const entry of layer.rest()) await output.add(entry);
    await output.end();
    return { sizeBytes, opaqueFolders: layer.opaqueFolders };
  } catch (error) {
    kill();
    signal.throwIfAborted();
    await output.ended;
    throw error instanceof LayerError ? error : new LayerError((error as Error).message, { cause: error });
  } finally {
    signal.removeEventListener('abort', kill);
    content.destroy();
    await output.ended;
  }
}

/** A `tar` that writes what it is given. */
class TarOutput {
  readonly #child: ChildProcessByStdio<Writable, null, Readable>;
  /** Settles when it has ended, with what it said in the case of failure. */
  readonly ended: Promise<string | undefined>;
  #batch: Buffer[] = [];
  #batchBytes = 0;

  constructor(child: ChildProcessByStdio<Writable, null, Readable>) {
    this.#child = child;
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (told.length < maxToldBytes) told += chunk.toString('utf8');
    });
    child.stdin.on('error', () => {}); // it ended before it has read everything: its exit code tells
    this.ended = new Promise(resolve => {
      child.once('error', error => resolve(error.message));
      child.once('close', code => resolve(code === 0 ? undefined : told.trim() || `tar ended with ${code}`));
    });
  }

  async add(entry: TarEntry, content?: AsyncIterable<Buffer>): Promise<void> {
    await this.#write(formatHeader(entry));
    if (entry.sizeBytes === 0 || content === undefined) return;
    for await (const chunk of content) await this.#write(chunk);
    await this.#write(Buffer.alloc(paddingOf(entry.sizeBytes)));
  }

  /** @throws {LayerError} when not everything could be written */
  async end(): Promise<void> {
    await this.#write(endOfArchive);
    await this.#flush();
    this.#child.stdin.end();
    const failure = await this.ended;
    if (failure !== undefined) throw refusal(failure);
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#batch.push(chunk);
    this.#batchBytes += chunk.length;
    if (this.#batchBytes >= outputBatchBytes) await this.#flush();
  }

  async #flush(): Promise<void> {
    const { stdin } = this.#child;
    stdin.cork(); // one system call for all, and no copy
    let isTaken = true;
    for (const chunk of this.#batch) isTaken = stdin.write(chunk);
    stdin.uncork();
    this.#batch = [];
    this.#batchBytes = 0;
    if (isTaken) return;
    const drained = new Promise<undefined>(resolve => stdin.once('drain', () => resolve(undefined)));
    const failure = await Promise.race([drained, this.ended.then(told => told ?? 'tar has ended too early')]);
    if (failure !== undefined) throw refusal(failure);
  }
}

/** What `tar` said, in words for the owner of the image. */
function refusal(told: string): LayerError {
  if (/No space left on device|Disk quota exceeded/.test(told)) {
    return new LayerError('the server has no disk space left for it');
  }
  const [line = ''] = told.split('\n');
  return new LayerError(`it could not be written: ${line.replace(/^tar: /, '')}`);
}
