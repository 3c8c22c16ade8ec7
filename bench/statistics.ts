/** The value in the middle; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const upper = at(sorted, Math.floor(sorted.length / 2));
  const lower = at(sorted, Math.ceil(sorted.length / 2) - 1);
  return (lower + upper) / 2;
}

/** The smallest value that at least 95 % of all values do not exceed. */
export function p95(values: readonly number[]): number {
  const sorted = ascending(values);
  return at(sorted, Math.ceil(sorted.length * 0.95) - 1);
}

/** Of two series that were measured in turns, so that whatever slowed the machine down slowed both. */
export function ratioOfMedians(above: readonly number[], below: readonly number[]): number {
  return median(above) / median(below);
}

/** Median and 95th percentile as text. */
export function milliseconds(values: readonly number[]): string {
  return `${median(values).toFixed(0)} ms (p95 ${p95(values).toFixed(0)})`;
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function at(sorted: readonly number[], index: number): number {
  const value = sorted[index];
  if (value === undefined) throw new Error('there are no values');
  return value;
}
