import { InvalidArgumentError } from 'commander';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `0`, `20`, `20s`, `5m`, `1h` as seconds. */
export function seconds(text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,6})([smh])?$/.exec(text) ?? [];
  if (amount === undefined) {
    throw new InvalidArgumentError(
      'It must be a number of seconds, or a number with s, m or h, such as 20s.',
    );
  }
  return Number(amount) * (unitSeconds[unit] ?? 1);
}

export const durationOption = [
  '--duration <time>',
  'how long its output is shown after the start, such as 20s; 0: not at all (default: 5s)',
  seconds,
] as const;

export const timeoutOption = [
  '--timeout <time>',
  'how long it may take to stop before it is killed (default: 10s)',
  seconds,
] as const;

/** For what a command was given. */
export function timesOf({ duration, timeout }: { readonly duration?: number; readonly timeout?: number }) {
  return { ...(duration !== undefined && { duration }), ...(timeout !== undefined && { timeout }) };
}
