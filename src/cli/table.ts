import { paint, type Style } from './colours.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly style?: (row: Row) => Style | undefined;
}

/** Lines of a table whose columns are two blanks apart, without trailing blanks. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  colours: boolean,
): string[] {
  const cells = rows.map(row => columns.map(column => column.value(row)));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map(line => line[index]?.length ?? 0)),
  );
  const line = (texts: readonly string[], style: (index: number) => Style | undefined): string =>
    texts
      .map((text, index) => {
        const padding = index === texts.length - 1 ? '' : ' '.repeat((widths[index] ?? 0) - text.length + 2);
        return text === '' ? padding : paint(colours, style(index), text) + padding;
      })
      .join('')
      .trimEnd();

  const head = line(
    columns.map(column => column.title.toUpperCase()),
    () => 'bold',
  );
  const body = rows.map((row, at) => line(cells[at] ?? [], index => columns[index]?.style?.(row)));
  return [head, ...body];
}

/** Lines of `name  value`, for a single thing. */
export function factLines(
  facts: readonly (readonly [string, string | undefined])[],
  colours: boolean,
): string[] {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${paint(colours, 'bold', name.padEnd(width))}  ${value}`.trimEnd());
}
