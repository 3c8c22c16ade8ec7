import type { Backend, Engine } from '../../../engine/index.ts';
import type { StreamEvent } from '../../../http/index.ts';
import type { StatusSource } from '../statuses.ts';
import { publicState } from './states.ts';

/** Statuses in the words of version 2. */
export function v2StatusSource(engine: Engine): StatusSource {
  return {
    latest: async ({ id, latest }) => publicState((await engine.journal.history(id)).at(-1) ?? latest),
    follow: (backend, after, signal) => follow(engine, backend, after, signal),
  };
}

async function* follow(
  engine: Engine,
  { id }: Backend,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  for await (const entry of engine.journal.follow(id, { afterSeq: after, signal })) {
    yield { id: entry.seq, data: JSON.stringify(publicState(entry)) };
  }
}
