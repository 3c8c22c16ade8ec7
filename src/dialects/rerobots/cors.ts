import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Makes the function that lets web pages read an answer; those of listed origins may send credentials.
 * @param origins with commas between them
 */
export function originHeaders(origins: string): (request: FastifyRequest, reply: FastifyReply) => void {
  const listed = new Set(origins.split(',').map(origin => origin.trim()));
  return (request, reply) => {
    const { origin } = request.headers;
    reply.header('access-control-allow-methods', 'GET,POST,DELETE');
    if (origin !== undefined && origin !== '' && listed.has(origin)) {
      reply.headers({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      });
    } else {
      reply.header('access-control-allow-origin', '*');
    }
    if (request.method === 'OPTIONS') {
      reply.header('access-control-allow-headers', 'Authorization,Content-Type');
    }
  };
}
