import type { FastifyInstance } from 'fastify';
import type { LogEntry } from '../../../engine/index.ts';
import { lastEventId, type StreamEvent, sendEventStream } from '../../../http/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts } from '../parts.ts';
import { backendParams, type LogQuery, logQuery, maxTail } from '../schemas.ts';

export function logRoutes(
  app: FastifyInstance,
  { engine, settings }: JamsocketParts,
  access: AccessChecks,
  path: string,
): void {
  app.get<{ Querystring: LogQuery }>(
    path,
    {
      onRequest: [...access.backend],
      exposeHeadRoute: false,
      schema: { summary: 'The log so far, then what follows', params: backendParams, querystring: logQuery },
    },
    (request, reply) => {
      const { tail, follow } = request.query;
      if (Number(tail ?? 0) > maxTail)
        throw new BerthError('invalid', `tail: ${tail} is more than ${maxTail}`);
      const after = lastEventId(request);
      const { id } = subject(request, 'backend');
      const open = (signal: AbortSignal) =>
        asEvents(
          engine.readLog(id, {
            follow: follow !== 'false',
            signal,
            ...(after !== undefined && { after }),
            ...(after === undefined && tail !== undefined && { tail: Number(tail) }),
          }),
        );
      return sendEventStream(request, reply, open, { keepAliveMs: settings.keepAliveMs });
    },
  );
}

async function* asEvents(entries: AsyncIterable<LogEntry>): AsyncGenerator<StreamEvent> {
  for await (const entry of entries) {
    const data =
      entry.type === 'line'
        ? entry.text
        : `berth: ${entry.lostBytes} bytes of older output are no longer kept`;
    yield { id: entry.cursor, data };
  }
}
