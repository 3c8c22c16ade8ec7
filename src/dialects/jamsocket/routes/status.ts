import type { FastifyInstance } from 'fastify';
import type { Backend, Engine } from '../../../engine/index.ts';
import { lastEventId, type StreamEvent, sendEventStream } from '../../../http/index.ts';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts } from '../parts.ts';
import { backendParams } from '../schemas.ts';
import { type V1State, type V1Status, v1StateAfter, v1Statuses } from '../states.ts';

const corsPreflight = {
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': '*, Authorization, Content-Type, Last-Event-ID',
  'access-control-max-age': '86400',
};

/** Readable from any web page, without a token. */
export function statusRoutes(
  app: FastifyInstance,
  { engine, settings }: JamsocketParts,
  access: AccessChecks,
): void {
  // The first hook, so that errors can be read by web pages too.
  const allowAllOrigins = async (_: unknown, reply: { header(name: string, value: string): unknown }) => {
    reply.header('access-control-allow-origin', '*');
  };
  const onRequest = [allowAllOrigins, ...access.publicBackend];

  app.get(
    '/backend/:backend/status',
    { onRequest, schema: { summary: 'The latest status', params: backendParams } },
    async request => {
      const { id } = subject(request, 'backend');
      const latest = v1Statuses(await engine.journal.history(id)).at(-1);
      return latest && statusBody(id, latest);
    },
  );

  app.get(
    '/backend/:backend/status/stream',
    {
      onRequest,
      exposeHeadRoute: false,
      schema: { summary: 'All statuses so far, then those to come', params: backendParams },
    },
    (request, reply) => {
      const after = lastEventId(request) ?? 0;
      const backend = subject(request, 'backend');
      const open = (signal: AbortSignal) => v1Events(engine, backend, after, signal);
      return sendEventStream(request, reply, open, { keepAliveMs: settings.keepAliveMs });
    },
  );

  for (const path of ['/backend/:backend/status', '/backend/:backend/status/stream']) {
    app.options(
      path,
      { onRequest: [allowAllOrigins] },
      (_, reply) => void reply.code(204).headers(corsPreflight).send(),
    );
  }
}

async function* v1Events(
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
