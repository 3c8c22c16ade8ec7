import type { Engine, Spawned } from '../../../engine/index.ts';
import type { BackendUrls } from '../urls.ts';
import { v1StateAfter, v1Statuses } from './states.ts';

/** What a spawn answers; a token backend comes with a fresh token at every call. */
export async function spawnResult(engine: Engine, urls: BackendUrls, { spawned, backend }: Spawned) {
  const { id, latest } = backend;
  const token =
    backend.access === 'token'
      ? await engine.backends.issueToken(backend, { kind: 'bearer', userData: {}, secret: '' })
      : undefined;
  return {
    url: urls.backend(id),
    name: id,
    ready_url: urls.ready(id, token),
    status_url: urls.status(id),
    spawned,
    status: latest.reason === undefined ? v1StateAfter(undefined, latest) : await endingState(engine, id),
    ...(token !== undefined && { bearer_token: token }),
  };
}

/** While a backend ends, its status is the one before: the history knows. */
async function endingState(engine: Engine, id: string) {
  return v1Statuses(await engine.journal.history(id)).at(-1)?.state ?? 'Loading';
}
