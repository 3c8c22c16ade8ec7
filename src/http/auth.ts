import type { FastifyRequest } from 'fastify';
import type { Identity, Principal } from '../identity/index.ts';
import { BerthError } from '../lib/errors.ts';
import type { SessionCookie } from './session-cookie.ts';

/** The token of `Authorization: Bearer`; undefined when there is none, or another scheme. */
export function bearerToken(request: FastifyRequest): string | undefined {
  return /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

/**
 * Whom a request comes from, by its token; where it has none, by the session of a browser if `cookie` is given.
 * @throws {BerthError} `unauthenticated`; `account-disabled`; `forbidden` for a request to change something that
 * the page of another origin may have sent
 */
export async function requirePrincipal(
  request: FastifyRequest,
  identity: Identity,
  cookie?: SessionCookie,
): Promise<Principal> {
  const principal = await findPrincipal(request, identity, cookie);
  if (principal === undefined) throw new BerthError('unauthenticated', 'a valid token is required');
  if (!principal.account.enabled) throw new BerthError('account-disabled', 'the user is disabled');
  return principal;
}

async function findPrincipal(
  request: FastifyRequest,
  identity: Identity,
  cookie: SessionCookie | undefined,
): Promise<Principal | undefined> {
  if (request.headers.authorization !== undefined || cookie === undefined) {
    const token = bearerToken(request);
    return token === undefined ? undefined : await identity.authenticate(token);
  }
  const token = cookie.tokenOf(request);
  const principal = token === undefined ? undefined : await identity.authenticateBrowser(token);
  if (token !== undefined && principal !== undefined && !isReading(request)) {
    cookie.checkIntent(request, token);
  }
  return principal;
}

function isReading({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}
