import type { Bench, Row } from './bench.ts';

export interface Result {
  readonly bench: Bench;
  readonly rows: readonly Row[];
}

const heads = ['what', 'Berth', 'beside it', 'ratio', 'budget', 'reached'] as const;

function cells({ what, berth = '', other = '', ratio, budget, notMeasured }: Row): string[] {
  if (notMeasured !== undefined) return [what, `not measured: ${notMeasured}`, '', '', '', ''];
  const reached = budget === undefined ? '' : budget.reached ? 'yes' : 'no';
  return [what, berth, other, ratio?.toFixed(2) ?? '', budget?.text ?? '', reached];
}

/** For a terminal. */
export function table(results: readonly Result[]): string {
  const lines = [heads, ...results.flatMap(({ rows }) => rows.map(cells))];
  const widths = heads.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)));
  return lines
    .map(line =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same and how it came about, for a file. */
export function markdown(results: readonly Result[], facts: readonly string[]): string {
  const lines = results.flatMap(({ rows }) => rows.map(cells));
  return [
    '# Results of `npm run bench`',
    '',
    ...facts.map(fact => `- ${fact}`),
    '',
    'Budgets are about ratios within one run: both sides of a ratio were measured in turns, on the same machine.',
    '',
    tableLine(heads),
    tableLine(heads.map(() => '---')),
    ...lines.map(tableLine),
    '',
    '## How each row is measured',
    '',
    ...results.map(({ bench }) => `- **${bench.name}**: ${bench.method}`),
    '',
  ].join('\n');
}

function tableLine(texts: readonly string[]): string {
  return `| ${texts.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`;
}
