import type { FastifyInstance } from 'fastify';
import { sendPage } from '../../../http/index.ts';
import type { Attempt, LoginAttempts } from '../../../identity/index.ts';
import type { JamsocketParts } from '../parts.ts';
import { decidePage, notFoundPage } from './page.ts';
import { cliLoginPaths } from './routes.ts';

/** Where a person sees which command line wants to be let in, and decides. */
export function cliLoginPageRoute(app: FastifyInstance, { identity, cookie }: JamsocketParts): void {
  for (const path of cliLoginPaths) {
    app.get<{ Params: { attempt: string } }>(
      `${path}/:attempt`,
      { schema: { summary: 'Page to approve or deny the login', produces: ['text/html'] } },
      async (request, reply) => {
        const token = cookie.tokenOf(request);
        const principal = token === undefined ? undefined : await identity.authenticateBrowser(token);
        if (token === undefined || !principal?.account.enabled) {
          return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`, 303);
        }
        const attempt = find(identity.loginAttempts, request.params.attempt);
        if (attempt === undefined) return sendPage(reply.code(404), notFoundPage());
        return sendPage(reply, decidePage(attempt, principal.account.name, cookie.csrfTokenOf(token)));
      },
    );
  }
}

function find(attempts: LoginAttempts, token: string): Attempt | undefined {
  try {
    return attempts.get(token);
  } catch {
    return undefined;
  }
}
