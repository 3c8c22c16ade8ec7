import { stat } from 'node:fs/promises';
import { RuntimeError } from '../runtime.ts';

/** A device as a container's configuration has it. */
export interface OciDevice {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  /** Decimal. */
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

const forEverybody = 0o666;

/**
 * Looks devices of the machine up.
 * @param paths below `/dev`
 * @throws {RuntimeError} `start-error` for what is no device
 */
export async function findDevices(paths: readonly string[]): Promise<OciDevice[]> {
  return Promise.all(
    paths.map(async path => {
      const found = await stat(path).catch(() => undefined);
      const type = found?.isCharacterDevice() ? 'c' : found?.isBlockDevice() ? 'b' : undefined;
      if (found === undefined || type === undefined) {
        throw new RuntimeError('start-error', `this machine has no device ${path}`);
      }
      const owner = { fileMode: forEverybody, uid: 0, gid: 0 };
      return { path, type, ...numbersOf(found.rdev), ...owner };
    }),
  );
}

/** As makedev(3) of glibc puts them together. */
function numbersOf(device: number): { major: number; minor: number } {
  return { major: (device >> 8) & 0xfff, minor: (device & 0xff) | ((device >> 12) & 0xfff00) };
}
