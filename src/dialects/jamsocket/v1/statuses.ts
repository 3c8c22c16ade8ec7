import type { Backend, Engine } from '../../../engine/index.ts';
import type { StreamEvent } from '../../../http/index.ts';
import type { StatusSource } from '../statuses.ts';
import { type V1State, type V1Status, v1StateAfter, v1Statuses } from './states.ts';

/** Statuses in the words of version 1. */
export function v1StatusSource(engine: Engine): StatusSource {
  return {
    latest: async ({ id }) => {
      const latest = v1Statuses(await engine.journal.history(id)).at(-1);
      return latest && statusBody(id, latest);
    },
    follow: (backend, after, signal) => follow(engine, backend, after, signal),
  };
}

async function* follow(
  engine: Engine,
  { id }: Backend,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  let previous: V1State | undefined;
  for await (const entry of engine.journal.follow(id, { signal })) {
    const state = v1StateAfter(previous, entry);
    if (state === previous) continue;
    previous = state;
    const { seq, at } = entry;
    if (seq > after) yield { id: seq, data: JSON.stringify(statusBody(id, { seq, state, at })) };
  }
}

/** These three fields only: a client searches the raw text for names of statuses. */
function statusBody(backend: string, { state, at }: V1Status) {
  return { state, time: at, backend };
}
