import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SettingsFile } from './yaml-source.ts';

const defaultPath = 'berth.yaml';

/**
 * Reads the file with the settings: the one that was asked for, or `berth.yaml` of the current folder where
 * there is one.
 * @throws when a file that was asked for can't be read
 */
export async function readSettingsFile(path: string | undefined): Promise<SettingsFile | undefined> {
  let text: string;
  try {
    text = await readFile(resolve(path ?? defaultPath), 'utf8');
  } catch (error) {
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error);
    throw new Error(`can't read the settings in ${path ?? defaultPath}: ${reason}`, { cause: error });
  }
  // Most servers have no such file, and would start later for the parser.
  const { parseYaml } = await import('./yaml-source.ts');
  return parseYaml(path ?? defaultPath, text);
}
