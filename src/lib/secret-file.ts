import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomId } from './ids.ts';

/** Replaces a file as a whole, on the disk when it resolves; readable by its owner only (0600). */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomId(8)}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
