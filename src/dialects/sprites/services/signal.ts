import { parseSignal } from '../exec/kill.ts';

const highestSignal = 64;

/**
 * A signal as {@link parseSignal} reads it, or any number from 1 to 64: some have no name.
 * @throws {SpritesError} 400 `invalid signal`
 */
export function parseServiceSignal(value: string | number | undefined): NodeJS.Signals | number {
  const text = String(value ?? '');
  const number = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= highestSignal ? number : parseSignal(text);
}
