import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * An open folder. Names in it are reached through its descriptor, so that nothing that a program does to the
 * path above can lead elsewhere. Not to be used after `close`.
 */
export class Folder {
  /** As the sandbox sees it; for `/` empty. */
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #hostPath: string;

  private constructor(handle: FileHandle, hostPath: string, path: string) {
    this.#handle = handle;
    this.#hostPath = hostPath;
    this.path = path;
  }

  /** @param hostPath of the root of a sandbox */
  static async openRoot(hostPath: string): Promise<Folder> {
    return new Folder(await open(hostPath, constants.O_RDONLY | constants.O_DIRECTORY), hostPath, '');
  }

  /** A folder in it. @throws {Error} ENOENT; ENOTDIR or ELOOP when it is something else, a link for example */
  async child(name: string): Promise<Folder> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const handle = await open(this.at(name), flags);
    return new Folder(handle, join(this.#hostPath, name), `${this.path}/${name}`);
  }

  /** The same folder, open for somebody else. */
  async again(): Promise<Folder> {
    const handle = await open(this.here, constants.O_RDONLY | constants.O_DIRECTORY);
    return new Folder(handle, this.#hostPath, this.path);
  }

  /** A host path that leads to a name in this folder whatever happens to the path. @param name a single name */
  at(name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) {
      throw Object.assign(new Error(`${JSON.stringify(name)} is no name`), { code: 'EINVAL' });
    }
    return join(this.here, name);
  }

  /** A host path to the folder itself. Only Linux has paths by descriptor. */
  get here(): string {
    return process.platform === 'linux' ? `/proc/self/fd/${this.#handle.fd}` : this.#hostPath;
  }

  stat(): Promise<Stats> {
    return this.#handle.stat();
  }

  /** Of a name in it, never through a link. */
  statOf(name: string): Promise<Stats> {
    return lstat(this.at(name));
  }

  chmod(mode: number): Promise<void> {
    return this.#handle.chmod(mode);
  }

  chown(uid: number, gid: number): Promise<void> {
    return this.#handle.chown(uid, gid);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
