import type { FastifyInstance } from 'fastify';
import { type StreamEvent, sendEventStream } from '../../../http/index.ts';
import type { LoginAttempts } from '../../../identity/index.ts';
import { type AccessChecks, subject } from '../access.ts';
import { ok } from '../answers.ts';
import type { JamsocketParts } from '../parts.ts';
import { type CompleteLoginBody, completeLoginBody } from '../schemas.ts';
import { userSession } from './user-session.ts';

interface AttemptRoute {
  Params: { attempt: string };
}

/** Clients of different age write it differently. */
export const cliLoginPaths = ['/cli-login', '/cli_login'] as const;

/** A command line logs in: it begins an attempt, a person approves it, and it gets a session for the code. */
export function cliLoginRoutes(
  app: FastifyInstance,
  { identity, settings }: JamsocketParts,
  access: AccessChecks,
): void {
  const { loginAttempts } = identity;

  for (const path of cliLoginPaths) {
    app.post(path, { schema: { summary: 'Begin the login of a command line' } }, async request => {
      const { 'user-agent': userAgent = '', 'x-user-host': userHost } = request.headers;
      const token = loginAttempts.begin({
        clientAddress: request.ip,
        userAgent,
        ...(typeof userHost === 'string' && { userHost }),
      });
      return { token };
    });

    app.get<AttemptRoute>(
      `${path}/:attempt/status/stream`,
      { exposeHeadRoute: false, schema: { summary: 'One event, when it is decided' } },
      (request, reply) => {
        const { attempt } = request.params;
        // Before the first byte of the stream, so that an unknown one is told as such.
        loginAttempts.get(attempt);
        return sendEventStream(request, reply, signal => decision(loginAttempts, attempt, signal), {
          keepAliveMs: settings.keepAliveMs,
        });
      },
    );

    app.post<AttemptRoute & { Body: CompleteLoginBody }>(
      `${path}/:attempt/complete`,
      {
        onRequest: async request =>
          void loginAttempts.get((request.params as AttemptRoute['Params']).attempt),
        schema: { summary: 'Exchange the code for a session', body: completeLoginBody },
      },
      async (request, reply) => {
        const created = await loginAttempts.complete(request.params.attempt, request.body.code);
        reply.header('cache-control', 'no-store');
        return await userSession(identity, created);
      },
    );

    const decide = {
      onRequest: [
        ...access.tokenOrBrowser,
        async (request: { params: unknown }) =>
          void loginAttempts.get((request.params as AttemptRoute['Params']).attempt),
      ],
    };
    app.post<AttemptRoute>(
      `${path}/:attempt/approve`,
      { ...decide, schema: { summary: 'Let the command line in' } },
      async (request, reply) => {
        const { account } = subject(request, 'principal');
        reply.header('cache-control', 'no-store');
        return { ...ok, code: loginAttempts.approve(request.params.attempt, account) };
      },
    );

    app.post<AttemptRoute>(
      `${path}/:attempt/deny`,
      { ...decide, schema: { summary: 'Refuse the command line' } },
      async request => {
        loginAttempts.deny(request.params.attempt, subject(request, 'principal').account);
        return ok;
      },
    );
  }
}

async function* decision(
  attempts: LoginAttempts,
  attempt: string,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent, void, undefined> {
  const status = await attempts.decision(attempt, signal);
  if (status !== undefined) yield { id: 1, data: JSON.stringify({ status }) };
}
