import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { parseJsonBody } from '../../http/index.ts';

/** A JSON route reads its body whatever its type is said to be; none is an empty object. */
export function parseAnyTypeAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_: unknown, body: string) =>
    parseJsonBody(body),
  );
  app.addHook('preValidation', async request => {
    if (request.method === 'PUT' && request.body === undefined) request.body = {};
  });
}

/** For routes that read a body as it comes, whatever its type and size. */
export function takeBodiesAsStreams(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_: unknown, body: Readable, done: (error: null, body: Readable) => void) =>
    done(null, body),
  );
}
