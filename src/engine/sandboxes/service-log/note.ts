import { readFile, rename, writeFile } from 'node:fs/promises';
import type { LogStream } from '../../../logs/logs.ts';
import type { HeldOutput } from './output-joiner.ts';

/** How far the log files of a service are written, and up to where in its log that is. */
export interface LogNote {
  /** Which log they are written from. */
  readonly logId: string;
  readonly cursor: number;
  readonly held: readonly HeldOutput[];
  /** Position where the next line begins. */
  readonly position: number;
  /** Position of the current file's first byte. */
  readonly base: number;
}

interface StoredNote extends Omit<LogNote, 'held'> {
  readonly held: readonly { stream: LogStream; bytes: string; atMs: number; continues: boolean }[];
}

/** Undefined when there is none that can be read. */
export async function readNote(path: string): Promise<LogNote | undefined> {
  try {
    const stored = JSON.parse(await readFile(path, 'utf8')) as StoredNote;
    return {
      ...stored,
      held: stored.held.map(line => ({ ...line, bytes: Buffer.from(line.bytes, 'base64') })),
    };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Takes the place of the one before as a whole. */
export async function writeNote(path: string, note: LogNote): Promise<void> {
  const held = note.held.map(line => ({ ...line, bytes: line.bytes.toString('base64') }));
  await writeFile(`${path}.new`, JSON.stringify({ ...note, held }), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
