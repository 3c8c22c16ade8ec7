import type { Column } from './table.ts';
import { tableLines } from './table.ts';
import type { Terminal } from './terminal.ts';

export interface OutputOptions {
  readonly json?: boolean;
}

/** One JSON document, readable. */
export async function printJson(terminal: Terminal, value: unknown): Promise<void> {
  await terminal.out(JSON.stringify(value, undefined, 2));
}

/** One JSON document a line, for what comes bit by bit. */
export async function printJsonLine(terminal: Terminal, value: unknown): Promise<void> {
  await terminal.out(JSON.stringify(value));
}

/** @param emptyNote told on the side when there are no rows */
export async function printTable<Row>(
  terminal: Terminal,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  emptyNote: string,
): Promise<void> {
  if (rows.length === 0) {
    await terminal.err(emptyNote);
    return;
  }
  for (const line of tableLines(rows, columns, terminal.outColours)) await terminal.out(line);
}
