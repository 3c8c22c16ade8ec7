import type { FastifyInstance, FastifyRequest, RouteShorthandOptions } from 'fastify';
import type { Backend } from '../../engine/index.ts';
import { lastEventId, type StreamEvent, sendEventStream } from '../../http/index.ts';
import { type AccessChecks, subject } from './access.ts';
import type { JamsocketSettings } from './parts.ts';
import { backendParams } from './schemas.ts';

const corsPreflight = {
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': '*, Authorization, Content-Type, Last-Event-ID',
  'access-control-max-age': '86400',
};

/** How a version of the API tells a backend's status. */
export interface StatusSource {
  readonly latest: (backend: Backend) => Promise<object | undefined>;
  /** All so far, then those to come; ends after the last one. */
  readonly follow: (backend: Backend, after: number, signal: AbortSignal) => AsyncIterable<StreamEvent>;
}

/** Readable from any web page, without a token. */
export function statusRoutes(
  app: FastifyInstance,
  { keepAliveMs }: JamsocketSettings,
  access: AccessChecks,
  source: StatusSource,
): void {
  const onRequest: RouteShorthandOptions['onRequest'] = [allowAllOrigins, ...access.publicBackend];

  app.get(
    '/backend/:backend/status',
    {
      config: { anyOrigin: true },
      onRequest,
      schema: { summary: 'The latest status', params: backendParams },
    },
    request => source.latest(subject(request, 'backend')),
  );

  app.get(
    '/backend/:backend/status/stream',
    {
      config: { anyOrigin: true },
      onRequest,
      exposeHeadRoute: false,
      schema: { summary: 'All statuses so far, then those to come', params: backendParams },
    },
    (request, reply) => {
      const after = lastEventId(request) ?? 0;
      const backend = subject(request, 'backend');
      return sendEventStream(request, reply, signal => source.follow(backend, after, signal), {
        keepAliveMs,
      });
    },
  );

  for (const path of ['/backend/:backend/status', '/backend/:backend/status/stream'])
    answerPreflight(app, path);
}

/** A first hook, so that web pages can read errors too. */
export async function allowAllOrigins(
  _: FastifyRequest,
  reply: { header(name: string, value: string): unknown },
): Promise<void> {
  reply.header('access-control-allow-origin', '*');
}

export function answerPreflight(app: FastifyInstance, path: string): void {
  app.options(
    path,
    { onRequest: [allowAllOrigins] },
    (_, reply) => void reply.code(204).headers(corsPreflight).send(),
  );
}
