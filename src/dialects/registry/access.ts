import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Account } from '../../identity/index.ts';
import type { Repository } from '../../images/index.ts';
import { BerthError } from '../../lib/errors.ts';
import type { Caller, Credentials } from './credentials.ts';
import type { RegistryParts } from './parts.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom and what a request to the registry is about, as far as its route names it. */
    registry: Subject;
  }
}

interface Subject {
  caller?: Caller;
  account?: Account;
  repository?: Repository;
}

/** An administrator names the account that a request acts on; ignored from others. */
const actAsHeader = 'x-jamsocket-admin-as-account';

/** Checks that run before the body is looked at, in the order 401, 403, 404. */
export function accessChecks(parts: RegistryParts, credentials: Credentials) {
  const signedIn: onRequestAsyncHookHandler = async (request, reply) => {
    const caller = await credentials.caller(request.headers.authorization);
    if (caller === undefined) {
      reply.header('www-authenticate', challenge(request, parts));
      throw new BerthError('unauthenticated', 'sign in with an account and its token');
    }
    if (!caller.principal.account.enabled) throw new BerthError('account-disabled', 'the user is disabled');
    request.registry.caller = caller;
  };

  const ownAccount: onRequestAsyncHookHandler = async request => {
    const { account: name } = request.params as { account: string };
    const account = await accountFor(parts, request, name);
    // The same whether there is such an account or not.
    if (account === undefined) throw new BerthError('forbidden', 'you have no access to this account');
    request.registry.account = account;
  };

  const ownRepository: onRequestAsyncHookHandler = async request => {
    const { service: name } = request.params as { service: string };
    const service = await parts.engine.services.get(subject(request, 'account'), name);
    request.registry.repository = parts.images.repository(service);
  };

  return {
    signedIn: [signedIn],
    /** A caller with access to the account in the path, which has the service in the path. */
    repository: [signedIn, ownAccount, ownRepository],
  } as const;
}

export type AccessChecks = ReturnType<typeof accessChecks>;

/** Undefined where the caller has no access, and where there is no such account. */
export function accountFor(
  { identity }: RegistryParts,
  request: FastifyRequest,
  name: string,
): Promise<Account | undefined> {
  const { principal, asAccount } = subject(request, 'caller');
  const header = request.headers[actAsHeader];
  return identity.accountFor(principal, name, typeof header === 'string' ? header : asAccount);
}

/** What an access check of the route has found. */
export function subject<Name extends keyof Subject>(
  request: FastifyRequest,
  name: Name,
): NonNullable<Subject[Name]> {
  const found = request.registry[name];
  if (found === undefined) throw new Error(`the route has no access check for ${name}`);
  return found;
}

/** Where a client gets a token, and for what it has to ask. */
function challenge(request: FastifyRequest, { settings }: RegistryParts): string {
  const parameters = [
    `realm="${settings.publicUrl}/registry/token"`,
    `service="${settings.registryHost}"`,
    ...scopes(request).map(scope => `scope="${scope}"`),
    ...(request.headers.authorization === undefined ? [] : ['error="invalid_token"']),
  ];
  return `Bearer ${parameters.join(',')}`;
}

function scopes(request: FastifyRequest): string[] {
  const { account, service } = request.params as { account?: string; service?: string };
  if (account === undefined || service === undefined) return [];
  // Nothing that could end the quoted string of a header.
  if (!/^[a-z0-9._-]+$/.test(account) || !/^[a-z0-9._-]+$/.test(service)) return [];
  return [`repository:${account}/${service}:${actions[request.method] ?? 'pull,push'}`];
}

const actions: Readonly<Record<string, string>> = { GET: 'pull', HEAD: 'pull', DELETE: 'delete' };

/** Told on each answer of a registry. */
export async function tellVersion(_: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('docker-distribution-api-version', 'registry/2.0');
}
