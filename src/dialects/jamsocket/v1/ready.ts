import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Backend } from '../../../engine/index.ts';
import { sendPage } from '../../../http/index.ts';
import type { JamsocketParts } from '../parts.ts';
import { type ReadyPage, readyPage } from '../ready-page/page.ts';
import { backendParams } from '../schemas.ts';
import type { BackendUrls } from '../urls.ts';
import { v1Statuses } from './states.ts';

const shownLogLines = 20;

/** The page that a person looks at while a backend starts. */
export function readyRoutes(app: FastifyInstance, { engine }: JamsocketParts, urls: BackendUrls): void {
  app.get<{ Params: { backend: string } }>(
    '/backend/:backend/ready',
    {
      schema: {
        summary: 'Loading page that leads to the backend',
        params: backendParams,
        produces: ['text/html'],
      },
    },
    async (request, reply) => {
      const backend = await engine.backends.get(request.params.backend);
      if (backend === undefined)
        return sendNotice(reply, 404, 'There is no such backend', 'It may have ended some time ago.');
      // Who has no token may see how a token backend is, but is not led to it.
      const target = backend.access === 'open' ? urls.backend(backend.id) : undefined;
      return sendPage(reply, readyPage({ ...(await state(backend)), ...(target && { target }) }));
    },
  );

  app.get<{ Params: { backend: string; token: string } }>(
    '/ready/:backend/:token',
    { schema: { summary: 'Loading page for who has a token', produces: ['text/html'] } },
    async (request, reply) => {
      const { backend: id, token } = request.params;
      const backend = await engine.backends.get(id);
      if (backend === undefined)
        return sendNotice(reply, 404, 'There is no such backend', 'It may have ended some time ago.');
      if ((await engine.backends.lookUpToken(id, token)) === undefined) {
        return sendNotice(reply, 410, 'This link is no longer valid', 'Ask for a new one where you got it.');
      }
      const target = backend.access === 'open' ? urls.backend(id) : urls.connection(id, token);
      return sendPage(reply, readyPage({ ...(await state(backend)), target, log: await lastLines(id) }));
    },
  );

  async function state({ id, latest, serviceName }: Backend): Promise<ReadyPage> {
    const now = v1Statuses(await engine.journal.history(id)).at(-1);
    return {
      backendId: id,
      serviceName,
      state: now?.state ?? 'Loading',
      statusUrl: urls.status(id),
      ...(latest.status === 'terminated' && {
        end: {
          ...(latest.reason && { reason: latest.reason }),
          ...(latest.exitCode !== undefined && { exitCode: latest.exitCode }),
        },
      }),
    };
  }

  async function lastLines(id: string): Promise<string[]> {
    const lines: string[] = [];
    for await (const entry of engine.readLog(id, { tail: shownLogLines, follow: false })) {
      if (entry.type === 'line') lines.push(entry.text);
    }
    return lines;
  }
}

function sendNotice(reply: FastifyReply, status: 404 | 410, notice: string, hint: string): FastifyReply {
  return sendPage(reply.code(status), readyPage({ notice, hint }));
}
