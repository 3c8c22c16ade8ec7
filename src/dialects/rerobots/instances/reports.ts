import { RerobotsError } from '../errors.ts';

type Check = (value: unknown) => boolean;

const number: Check = value => typeof value === 'number';
const whole: Check = value => Number.isInteger(value);
const text: Check = value => typeof value === 'string';

/** What programs in an instance may tell. */
const kinds: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  headMove: { ts: number, roll: number, pitch: number, yaw: number },
  goalReached: { ts: whole, rule: text },
  imageCap: { ts: whole, img: text },
  baseMove: { ts: number, linear: number, angular: number, duration: number },
};

/** @throws {RerobotsError} 400 */
export function parseReport(body: Readonly<Record<string, unknown>> | undefined): {
  kind: string;
  content: Readonly<Record<string, unknown>>;
} {
  if (body === undefined) throw new RerobotsError(400, 'request body required');
  const { k: kind, d: content } = body;
  if (kind === undefined || content === undefined) throw new RerobotsError(400, 'missing event data');
  if (Object.keys(body).length > 2) throw new RerobotsError(400, 'unexpected keys in event data');
  if (typeof kind !== 'string' || typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new RerobotsError(400, 'unexpected event data types');
  }
  const fields = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (fields === undefined) throw new RerobotsError(400, 'unknown event kind');
  const data = content as Record<string, unknown>;
  if (Object.keys(fields).some(name => !Object.hasOwn(data, name))) {
    throw new RerobotsError(400, 'missing event data');
  }
  if (Object.keys(data).some(name => !Object.hasOwn(fields, name))) {
    throw new RerobotsError(400, 'unexpected keys in event data');
  }
  if (Object.entries(fields).some(([name, fits]) => !fits(data[name]))) {
    throw new RerobotsError(400, 'unexpected event data types');
  }
  return { kind, content: data };
}
