import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RerobotsError } from './errors.ts';

export const maxBodyBytes = 64 * 1024;

/** A body is text until a handler asks for it, whatever its type is said to be. */
export function takeBodiesAsText(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_: unknown, body: string) => body);
  app.addHook('onRequest', async request => {
    // The framework refuses what is no type at all.
    if (request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/json';
  });
}

/**
 * The body of a request: a JSON object, whatever its Content-Type; undefined where there is none.
 * @throws {RerobotsError} 400
 */
export function bodyOf(request: FastifyRequest): Readonly<Record<string, unknown>> | undefined {
  const { body: text } = request;
  // No body at all arrives as an object that was put in its place.
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new RerobotsError(400, 'request body is not valid JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RerobotsError(400, 'request body must be a JSON object');
  }
  return body as Record<string, unknown>;
}
