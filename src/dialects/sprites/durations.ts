import { durationMs } from '../../lib/duration.ts';
import { SpritesError } from './errors.ts';

/**
 * A duration of a request, in ms, clamped to `mostMs`.
 * @param name of the parameter, for the error
 * @throws {SpritesError} 400 `invalid duration`
 */
export function parseDuration(name: string, text: string, mostMs: number): number {
  const ms = durationMs(text);
  if (ms !== undefined) return Math.min(ms, mostMs);
  throw new SpritesError(
    400,
    'invalid duration',
    `${name}: ${JSON.stringify(text.slice(0, 60))} is no duration such as 5s, 1m30s or 500ms`,
  );
}
