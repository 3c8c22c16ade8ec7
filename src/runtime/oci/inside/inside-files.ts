import { constants, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

/** From fcntl.h: only a place in the file system, which is never read. The same on x86-64 and ARM. */
const placeOnly = 0o10000000;

const mostBytes = 64 * 1024;

/**
 * Reads a file of a container, such as `etc/hosts`, whatever its programs have put there: no link is followed, and
 * nothing but a regular file is opened.
 * @param rootPath the container's root as the host has it
 * @param path relative, without `..`
 * @returns empty when there is no such file, or it is too large
 */
export async function readInside(rootPath: string, path: string): Promise<string> {
  let place = await open(join(rootPath, '.'), placeOnly | constants.O_DIRECTORY).catch(() => undefined);
  for (const name of path.split('/')) {
    if (place === undefined) return '';
    const next = await open(join(within(place), name), placeOnly | constants.O_NOFOLLOW).catch(
      () => undefined,
    );
    await place.close();
    place = next;
  }
  if (place === undefined) return '';
  try {
    const facts = await place.stat();
    if (!facts.isFile() || facts.size > mostBytes) return '';
    await using file = await open(within(place), constants.O_RDONLY | constants.O_NONBLOCK);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await place.close();
  }
}

function within(place: FileHandle): string {
  return `/proc/self/fd/${place.fd}`;
}
