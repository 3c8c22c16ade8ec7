import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { sendPage } from '../../../http/index.ts';
import type { BerthParts } from '../parts.ts';
import { loggedInPage, loginPage, onceMorePage } from './pages.ts';

const query = Type.Object({
  next: Type.Optional(Type.String({ description: 'path of this server to go to then' })),
});

export function loginPageRoute(app: FastifyInstance, { identity, cookie }: BerthParts): void {
  app.get<{ Querystring: Type.Static<typeof query> }>(
    '/login',
    { schema: { summary: 'Page to log in or out', querystring: query, produces: ['text/html'] } },
    async (request, reply) => {
      const next = ownPath(request.query.next);
      const token = cookie.tokenOf(request);
      const principal = token === undefined ? undefined : await identity.authenticateBrowser(token);
      if (token !== undefined && principal?.account.enabled) {
        if (next !== undefined) return reply.redirect(next, 303);
        return sendPage(reply, loggedInPage(principal.account.name, cookie.csrfTokenOf(token)));
      }
      // Who follows a link of another site does not show the cookie, but shows it when this page leads here.
      if (request.headers['sec-fetch-site'] === 'cross-site') return sendPage(reply, onceMorePage());
      return sendPage(reply, loginPage(next ?? '/login'));
    },
  );
}

/** A path of this server, or undefined for anything that could lead elsewhere. */
function ownPath(next: string | undefined): string | undefined {
  return next !== undefined && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}$/.test(next) ? next : undefined;
}
