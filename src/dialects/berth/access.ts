import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { requirePrincipal, type SessionCookie } from '../../http/index.ts';
import type { Account, Identity, Principal } from '../../identity/index.ts';
import { BerthError } from '../../lib/errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token or session a request to Berth's own API carries. */
    berthPrincipal: Principal | undefined;
  }
}

/** Checks that run before the body is looked at. */
export function accessChecks(identity: Identity, cookie: SessionCookie) {
  const signedIn: onRequestAsyncHookHandler = async request => {
    request.berthPrincipal = await requirePrincipal(request, identity, cookie);
  };
  const administrator: onRequestAsyncHookHandler = async request => {
    if (!principalOf(request).isAdmin) throw new BerthError('forbidden', 'this is for administrators');
  };
  return { token: [signedIn], administrator: [signedIn, administrator] } as const;
}

export type AccessChecks = ReturnType<typeof accessChecks>;

export function principalOf(request: FastifyRequest): Principal {
  if (request.berthPrincipal === undefined) throw new Error('the route does not require a token');
  return request.berthPrincipal;
}

/**
 * The account that a request is about: the token's own, or for administrators any other.
 * @throws {BerthError} `forbidden`
 */
export async function accountNamed(
  identity: Identity,
  principal: Principal,
  name?: string,
): Promise<Account> {
  if (name === undefined) return principal.account;
  const account = await identity.accountFor(principal, name, name);
  if (account === undefined) throw new BerthError('forbidden', 'the token has no access to this account');
  return account;
}
