import { text } from 'node:stream/consumers';
import type { SandboxFiles } from '../../../engine/index.ts';
import { SpritesError } from '../errors.ts';

const files = { uid: '/etc/passwd', gid: '/etc/group' } as const;
const maxFileBytes = 1024 * 1024;

/**
 * The number of a user or group that a request names by number or by name, as the sprite's own files have it.
 * @throws {SpritesError} 400
 */
export async function accountNumber(
  sandboxFiles: SandboxFiles,
  field: keyof typeof files,
  value: number | string | undefined,
): Promise<number | undefined> {
  if (value === undefined || typeof value === 'number') return value;
  if (/^\d{1,10}$/.test(value)) return Number(value);
  const file = await sandboxFiles.openFile(files[field]);
  try {
    const lines = (await text(file.content({ start: 0, end: maxFileBytes }))).split('\n');
    const found = lines.map(line => line.split(':')).find(([name]) => name === value)?.[2];
    if (found !== undefined && /^\d{1,10}$/.test(found)) return Number(found);
  } finally {
    await file.close();
  }
  throw new SpritesError(
    400,
    'invalid request',
    `${field}: there is no ${JSON.stringify(value)} in the sprite`,
  );
}
