import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { LiveSandbox } from '../../engine/index.ts';
import { bearerToken } from '../../http/index.ts';
import type { Account, Principal } from '../../identity/index.ts';
import { BerthError } from '../../lib/errors.ts';
import { notFound } from './errors.ts';
import { insideOf } from './inner-requests.ts';
import type { SpritesParts } from './parts.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom and what a request of this dialect is about, as far as its route names it. */
    sprites: Subject;
  }
}

interface Subject {
  principal?: Principal;
  sandbox?: LiveSandbox;
}

/** Clients pick their paths by it: as text, pre-release tags compare right with two digits from 30 on. */
export const spriteVersion = 'v0.0.1-rc48';

/** Checks that run before the body is looked at: 401, then 404. A foreign sprite is an unknown one. */
export function accessChecks({ engine, identity }: SpritesParts) {
  const signIn = async (request: FastifyRequest, token: string | undefined): Promise<void> => {
    const principal = token === undefined ? undefined : await identity.authenticate(berthToken(token));
    if (principal === undefined || !principal.account.enabled) {
      throw new BerthError('unauthenticated', 'a valid token is required');
    }
    request.sprites.principal = principal;
  };

  const signedIn: onRequestAsyncHookHandler = async request => {
    // Who is inside needs no token.
    if (insideOf(request.raw) === undefined) await signIn(request, bearerToken(request));
  };

  const signedInAnyhow: onRequestAsyncHookHandler = request =>
    signIn(request, bearerToken(request) ?? flyToken(request));

  const version: onRequestAsyncHookHandler = async (_, reply) => {
    reply.header('sprite-version', spriteVersion);
  };

  const ownSprite: onRequestAsyncHookHandler = async request => {
    const { name } = request.params as { name: string };
    const sandbox = insideOf(request.raw) ?? engine.sandboxes.find(accountOf(request), name);
    if (sandbox === undefined) throw notFound('sprite', name);
    request.sprites.sandbox = sandbox;
  };

  const inside: onRequestAsyncHookHandler = async request => {
    if (insideOf(request.raw) === undefined)
      throw new BerthError('not-found', 'there is nothing at this path');
  };

  return {
    token: [signedIn],
    /** Of the schemes `Bearer` and `FlyV1`. */
    anyToken: [signedInAnyhow],
    sprite: [version, signedIn, ownSprite],
    /** Requests that come from inside the sprite only. */
    inside: [version, inside, ownSprite],
  } as const;
}

export type AccessChecks = ReturnType<typeof accessChecks>;

export function decorateSubject(app: FastifyInstance): void {
  app.decorateRequest('sprites');
  app.addHook('onRequest', async request => {
    request.sprites = {};
  });
}

/** Whose token it is. */
export function accountOf(request: FastifyRequest): Account {
  const { principal } = request.sprites;
  if (principal === undefined) throw new Error('the route does not require a token');
  return principal.account;
}

export function sandboxOf(request: FastifyRequest): LiveSandbox {
  const { sandbox } = request.sprites;
  if (sandbox === undefined) throw new Error('the route does not name a sprite');
  return sandbox;
}

/** Login flows of clients send what they have under a scheme of its own. */
function flyToken(request: FastifyRequest): string | undefined {
  return /^flyv1 +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Clients store `org/org-id/token-id/value`, whose last part is the token. */
export function berthToken(token: string): string {
  const parts = token.split('/');
  return parts.length === 4 ? (parts[3] ?? '') : token;
}
