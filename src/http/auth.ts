import type { FastifyRequest } from 'fastify';

/** The token of `Authorization: Bearer`; undefined when there is none, or another scheme. */
export function bearerToken(request: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}
