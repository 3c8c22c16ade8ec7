import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Backend, Service } from '../../engine/index.ts';
import { requirePrincipal } from '../../http/index.ts';
import type { Account, Identity, Principal } from '../../identity/index.ts';
import { BerthError } from '../../lib/errors.ts';
import type { JamsocketParts } from './parts.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom and what a request of this dialect is about, as far as its route names it. */
    jamsocket: Subject;
  }
}

interface Subject {
  principal?: Principal;
  account?: Account;
  service?: Service;
  backend?: Backend;
}

/** An administrator names the account that a request acts on; ignored from others. */
const actAsHeader = 'x-jamsocket-admin-as-account';

/** Checks that run before the body is looked at, in the order of the contract: 401, 403, 404. */
export function accessChecks({ engine, identity, cookie }: JamsocketParts) {
  const signedIn: onRequestAsyncHookHandler = async request => {
    request.jamsocket.principal = await requirePrincipal(request, identity);
  };

  const signedInAnywhere: onRequestAsyncHookHandler = async request => {
    request.jamsocket.principal = await requirePrincipal(request, identity, cookie);
  };

  const ownAccount: onRequestAsyncHookHandler = async request => {
    const { account: name } = request.params as { account: string };
    const account = await identity.accountFor(subject(request, 'principal'), name, actAs(request));
    if (account === undefined) throw new BerthError('forbidden', 'the token has no access to this account');
    request.jamsocket.account = account;
  };

  const ownService: onRequestAsyncHookHandler = async request => {
    const { service: name } = request.params as { service: string };
    request.jamsocket.service = await engine.services.get(subject(request, 'account'), name);
  };

  const anyBackend: onRequestAsyncHookHandler = async request => {
    const { backend: id } = request.params as { backend: string };
    const backend = await engine.backends.get(id);
    if (backend === undefined) throw new BerthError('not-found', 'backend not found');
    request.jamsocket.backend = backend;
  };

  const ownBackend: onRequestAsyncHookHandler = async request => {
    const { accountId } = subject(request, 'backend');
    request.jamsocket.account = await ownerNamed(identity, request, accountId, 'the backend');
  };

  return {
    /** A valid token. */
    token: [signedIn],
    /** A valid token, or the session of a browser. */
    tokenOrBrowser: [signedInAnywhere],
    /** A token of the account in the path. */
    account: [signedIn, ownAccount],
    /** A token of the account in the path, which has the service in the path. */
    service: [signedIn, ownAccount, ownService],
    /** A token of the account that has the backend in the path. */
    backend: [signedIn, anyBackend, ownBackend],
    /** The backend in the path, for everybody. */
    publicBackend: [anyBackend],
  } as const;
}

export type AccessChecks = ReturnType<typeof accessChecks>;

export function decorateSubject(app: FastifyInstance): void {
  app.decorateRequest('jamsocket');
  app.addHook('onRequest', async request => {
    request.jamsocket = {};
  });
}

/**
 * The account that something belongs to, where the request may act for it.
 * @throws {BerthError} `forbidden`
 */
export async function ownerNamed(
  identity: Identity,
  request: FastifyRequest,
  accountId: string,
  what: string,
): Promise<Account> {
  const owner = await identity.accountById(accountId);
  const name = owner?.name ?? '';
  const account = await identity.accountFor(subject(request, 'principal'), name, actAs(request));
  if (account === undefined) throw new BerthError('forbidden', `${what} belongs to another account`);
  return account;
}

/** What an access check of the route has found. */
export function subject<Name extends keyof Subject>(
  request: FastifyRequest,
  name: Name,
): NonNullable<Subject[Name]> {
  const found = request.jamsocket[name];
  if (found === undefined) throw new Error(`the route has no access check for ${name}`);
  return found;
}

function actAs(request: FastifyRequest): string | undefined {
  const value = request.headers[actAsHeader];
  return typeof value === 'string' ? value : undefined;
}
