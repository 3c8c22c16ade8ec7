import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJsonBody } from '../../http/index.ts';
import { BerthError } from '../../lib/errors.ts';

const cliUserAgent = /^jamsocket-cli\//;

/**
 * The official CLI counts characters where `Content-Length` wants bytes, so that a body with other than ASCII
 * characters arrives cut. It is told so, and the rest of the body is not taken for a next request.
 */
export function explainCutBodies(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (request: FastifyRequest, body: string) => {
      try {
        return parseJsonBody(body);
      } catch (error) {
        if (cliUserAgent.test(request.headers['user-agent'] ?? '') && isCut(body, error)) throw new CutBody();
        throw error;
      }
    },
  );
  app.addHook('onError', async (_, reply, error) => {
    if (error instanceof CutBody) reply.header('connection', 'close');
  });
}

class CutBody extends BerthError {
  constructor() {
    super('invalid', 'the body is cut: this client miscounts non-ASCII characters; use ASCII only');
  }
}

/** Such a character is still there, unless it was the last one and was cut itself. */
function isCut(body: string, error: unknown): boolean {
  const isInString = error instanceof Error && error.message.includes('Unterminated string');
  return isInString || /[^\0-\x7f]/.test(body);
}
