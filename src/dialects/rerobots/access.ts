import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { QuotaState } from '../../identity/index.ts';
import { acceptsVersion1 } from './accept.ts';
import { type Caller, callerOf } from './caller.ts';
import { originHeaders } from './cors.ts';
import { RerobotsError, unrecognizedCommand, wrongToken } from './errors.ts';
import type { RerobotsParts } from './parts.ts';
import { Quota, tellQuota } from './quota.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What was found out about a request to this API; undefined before. */
    rerobots: { readonly caller: Caller | undefined; readonly quota: QuotaState | undefined } | undefined;
  }
}

const uuid = /^[a-f0-9]{8}-([a-f0-9]{4}-){3}[a-f0-9]{12}$/i;

/** What parameters of paths look like; with another one it is no path of this API. */
const patterns: Readonly<Record<string, RegExp>> = {
  id: uuid,
  wd: uuid,
  n: /^\d{1,9}$/,
  wtype: /^[A-Za-z0-9_]{1,64}$/,
  /** A type, or the id of a deployment. */
  target: /^([A-Za-z0-9_]{1,64}|[a-fA-F0-9]{8}-([a-fA-F0-9]{4}-){3}[a-fA-F0-9]{12})$/,
};

/** What comes before every route, in this order: whose token it is, the quota, the version, whether a token is needed. */
export function guard(app: FastifyInstance, { identity, settings, clock }: RerobotsParts): void {
  const quota = new Quota(settings.rate, clock);
  const tellOrigins = originHeaders(settings.corsOrigins);

  async function resolve(request: FastifyRequest): Promise<QuotaState | undefined> {
    const token = tokenOf(request);
    const principal = token === undefined ? undefined : await identity.authenticate(token);
    const isValid = principal?.account.enabled === true;
    const state = quota.take({ ...(isValid && token !== undefined && { token }), address: request.ip });
    request.rerobots = { caller: isValid ? callerOf(principal) : undefined, quota: state };
    return state;
  }

  app.decorateRequest('rerobots', undefined);
  app.addHook('onRequest', async request => {
    if (request.method === 'OPTIONS') return;
    const state = await resolve(request);
    if (state?.allowed === false) throw quota.refusal(state);
    if (!acceptsVersion1(request.headers.accept)) throw new RerobotsError(406, 'unsupported API version');
  });
  app.addHook('onSend', async (request, reply) => {
    tellOrigins(request, reply);
    if (request.method === 'OPTIONS') return;
    // What was refused before any hook of this API counts, too.
    const state = request.rerobots === undefined ? await resolve(request) : request.rerobots.quota;
    if (state !== undefined) tellQuota(reply, state);
  });
}

/** Checks of single routes. */
export function accessChecks({ settings }: RerobotsParts) {
  const wellFormed: onRequestAsyncHookHandler = async request => {
    const params = request.params as Record<string, string>;
    for (const [name, pattern] of Object.entries(patterns)) {
      const value = params[name];
      if (value === undefined) continue;
      if (!pattern.test(value)) throw unrecognizedCommand();
      if (pattern === uuid) params[name] = value.toLowerCase();
    }
  };
  const signedIn: onRequestAsyncHookHandler = async request => {
    if (request.rerobots?.caller === undefined) throw wrongToken();
  };
  return {
    token: [wellFormed, signedIn],
    everybody: settings.publicRead ? [wellFormed] : [wellFormed, signedIn],
  } as const;
}

export type AccessChecks = ReturnType<typeof accessChecks>;

/** Undefined for a request without a valid token, on a route for everybody. */
export function visitorOf(request: FastifyRequest): Caller | undefined {
  return request.rerobots?.caller;
}

export function signedInCaller(request: FastifyRequest): Caller {
  const caller = visitorOf(request);
  if (caller === undefined) throw new Error('the route does not require a token');
  return caller;
}

/** The scheme is case-sensitive, and there are exactly two parts. */
function tokenOf(request: FastifyRequest): string | undefined {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
}

export function isUuid(text: string): boolean {
  return uuid.test(text);
}
