import { constants } from 'node:os';

/** How a process ended, in the words that users see. */
export function exitText(exitCode: number | undefined): string {
  if (exitCode === undefined) return 'ended while nobody could see how';
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128);
  return signal === undefined ? `exited with code ${exitCode}` : `killed by ${signal[0]}`;
}
