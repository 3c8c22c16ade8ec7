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
        if (!cliUserAgent.test(request.headers['user-agent'] ?? '') || !endsInString(error)) throw error;
        throw new CutBody();
      }
    },
  );
  app.addHook('onError', async (_, reply, error) => {
    if (error instanceof CutBody) reply.header('connection', 'close');
  });
}

class CutBody extends BerthError {
  constructor() {
    super('invalid', 'the body is cut: this client miscounts characters that are not ASCII; use ASCII only');
  }
}

function endsInString(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Unterminated string');
}
