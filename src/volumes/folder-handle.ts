import { constants, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { VolumeError } from './volumes.ts';

/** A new folder is for whichever user its programs run as; nobody else gets to it. */
const newFolderMode = 0o777;

/**
 * An open folder. What is in it is reached through its descriptor, one name at a time and never through a link:
 * a program that can write there can't lead the server elsewhere, whenever it tries.
 */
export class FolderHandle {
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** @param path of a folder that only the server can change, and all above it */
  static async open(path: string): Promise<FolderHandle> {
    return new FolderHandle(path, await openFolder(path));
  }

  /** See {@link OpenVolume.pinnedPath}. */
  get pinnedPath(): string {
    return process.platform === 'linux' ? `/proc/${process.pid}/fd/${this.#handle.fd}` : this.path;
  }

  /**
   * A folder in it, made where it is missing.
   * @throws {VolumeError} when there is something else of this name
   */
  async child(name: string): Promise<FolderHandle> {
    const reached = join(this.pinnedPath, name);
    const isNew = await mkdir(reached).then(
      () => true,
      error => {
        if (isCode(error, 'EEXIST')) return false;
        throw error;
      },
    );
    try {
      const handle = await openFolder(reached);
      // Not as a mode of `mkdir`: that is cut by the umask.
      if (isNew) await handle.chmod(newFolderMode);
      return new FolderHandle(join(this.path, name), handle);
    } catch (error) {
      const isOther = isCode(error, 'ENOTDIR') || isCode(error, 'ELOOP') || isCode(error, 'ENOENT');
      if (!isOther) throw error;
      throw new VolumeError(`${name} is no folder`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function openFolder(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
