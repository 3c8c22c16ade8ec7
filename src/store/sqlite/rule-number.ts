/** Clients keep numbers of rules in 16 bits. */
export const highestRuleNumber = 65_535;

/**
 * The number of a new rule: the next one that was never given; when all were, the first that is free.
 * @param next one more than the highest that was given
 * @param taken in rising order; asked for only when it matters
 * @returns undefined when there are too many rules
 */
export function freeRuleNumber(next: number, taken: () => readonly number[]): number | undefined {
  if (next <= highestRuleNumber) return next;
  const numbers = taken();
  const gap = numbers.findIndex((number, at) => number !== at + 1);
  const free = gap < 0 ? numbers.length + 1 : gap + 1;
  return free <= highestRuleNumber ? free : undefined;
}
