import { InvalidArgumentError } from 'commander';

export function wholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** For a repeatable option: `KEY=value` pairs, the last of a key wins. */
export function environmentPair(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  const key = text.slice(0, at);
  if (at < 1 || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
    throw new InvalidArgumentError('It must look like KEY=value; a key has letters, digits and underscores.');
  }
  return { ...previous, [key]: text.slice(at + 1) };
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `90`, `90s`, `15m`, `12h`, `30d`, `4w` as seconds. */
export function durationSeconds(text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,9})([smhdw])?$/.exec(text) ?? [];
  const seconds = Number(amount) * (unitSeconds[unit] ?? 1);
  if (amount === undefined || seconds === 0) {
    throw new InvalidArgumentError('It must be a number of seconds, or a number with s, m, h, d or w.');
  }
  return seconds;
}
