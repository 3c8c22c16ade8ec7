import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes the data folder, for its owner only, with the folders above it. Not with `recursive`: where nothing can
 * be made (in /proc, say), Node tries that for ever.
 */
export async function makeDataDir(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || path === dirname(path)) throw error;
    await makeDataDir(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}
