import { realpath, stat } from 'node:fs/promises';
import { isDnsLabel } from '../../lib/dns-label.ts';
import { RuntimeError } from '../runtime.ts';

/** It is a part of paths: nothing but a DNS label may get there. */
export function checkedId(id: string): string {
  if (isDnsLabel(id)) return id;
  throw new RuntimeError('start-error', `"${id}" is not a DNS label`);
}

/** Without links. @throws {RuntimeError} `start-error` */
export async function checkedDirectory(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return realpath(path);
  throw new RuntimeError('start-error', 'the directory to run in does not exist');
}
