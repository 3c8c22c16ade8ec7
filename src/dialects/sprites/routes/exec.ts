import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Session } from '../../../engine/index.ts';
import { acceptWebSocket, isUpgrade, sendNdjson } from '../../../http/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, sandboxOf } from '../access.ts';
import { parseDuration } from '../durations.ts';
import { SpritesError } from '../errors.ts';
import { sendFrames } from '../exec/http-frames.ts';
import { killSession, parseSignal } from '../exec/kill.ts';
import { readExecQuery } from '../exec/query.ts';
import { sessionShape } from '../exec/session-shape.ts';
import { SocketClient } from '../exec/socket-client.ts';
import type { SpritesParts } from '../parts.ts';
import { spriteParams } from '../schemas.ts';
import { requireUpgrade, upgradeRequired } from '../sockets/upgrade.ts';

/** What a client may send in one message. */
const maxMessageBytes = 1024 * 1024;
const longestKillMs = 300_000;
const sessionParams = Type.Object({ name: Type.String(), session: Type.String() });

interface KillRoute {
  Params: { session: string };
  Querystring: { signal?: string; timeout?: string };
}

export function execRoutes(app: FastifyInstance, parts: SpritesParts, access: AccessChecks): void {
  const { settings } = parts;

  // Clients look for the version of a sprite here; that is no use of it.
  app.head(
    '/sprites/:name/exec',
    { onRequest: [...access.sprite], schema: { hide: true, params: spriteParams } },
    async (_, reply) => reply.type('application/json').send(),
  );

  app.get<{ Querystring: Record<string, string | string[]> }>(
    '/sprites/:name/exec',
    {
      onRequest: [...access.sprite],
      schema: { summary: 'List sessions; with an upgrade, run a command or attach', params: spriteParams },
    },
    async (request, reply) => {
      const { query } = request;
      if (isUpgrade(request)) {
        if (typeof query.id === 'string') return attach(request, reply, query.id);
        return run(request, reply);
      }
      if (query.cmd !== undefined) throw upgradeRequired();
      const use = await sandboxOf(request).use();
      try {
        const sessions = sandboxOf(request).sessions.list();
        return { count: sessions.length, sessions: sessions.map(sessionShape) };
      } finally {
        use.release();
      }
    },
  );

  app.get<{ Params: { session: string } }>(
    '/sprites/:name/exec/:session',
    { onRequest: [...access.sprite], schema: { summary: 'Attach to a session', params: sessionParams } },
    async (request, reply) => {
      requireUpgrade(request);
      return attach(request, reply, request.params.session);
    },
  );

  app.post<KillRoute>(
    '/sprites/:name/exec/:session/kill',
    { onRequest: [...access.sprite], schema: { summary: 'Kill a session', params: sessionParams } },
    async (request, reply) => {
      const { signal = 'SIGTERM', timeout = '10s' } = request.query;
      const name = parseSignal(signal);
      const timeoutMs = parseDuration('timeout', timeout, longestKillMs);
      const session = find(request, request.params.session);
      return sendNdjson(request, reply, () => killSession(session, name, timeoutMs), {
        atServerStop: 'finish',
      });
    },
  );

  // Clients try it first and fall back.
  for (const method of ['GET', 'POST'] as const) {
    app.route({
      method,
      url: '/sprites/:name/control',
      onRequest: [...access.sprite],
      schema: { summary: 'Not part of this server', params: spriteParams },
      handler: async () => {
        throw new SpritesError(404, 'not found', 'there is no control channel here');
      },
    });
  }

  async function run(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const wanted = readExecQuery(request.query as Record<string, string | string[]>);
    const session = await sandboxOf(request).sessions.start(wanted);
    return connect(request, reply, session, wanted);
  }

  async function attach(request: FastifyRequest, reply: FastifyReply, id: string): Promise<FastifyReply> {
    const session = find(request, id);
    return connect(request, reply, session, { hasInput: true });
  }

  async function connect(
    request: FastifyRequest,
    reply: FastifyReply,
    session: Session,
    { hasInput, tty }: { hasInput: boolean; tty?: { rows: number; cols: number } },
  ): Promise<FastifyReply> {
    const socket = await acceptWebSocket(request, reply, {
      maxMessageBytes,
      headers: { 'x-sprite-capabilities': 'signal' },
    });
    new SocketClient(socket, session, {
      keepAliveMs: settings.execKeepAliveMs,
      closing: request.server.closing,
      hasInput,
      ...(tty && { size: tty }),
    });
    return reply;
  }

  function find(request: FastifyRequest, id: string): Session {
    try {
      return sandboxOf(request).sessions.get(id);
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      const ended = error.code === 'gone' && request.method === 'POST';
      throw new SpritesError(
        ended ? 410 : 404,
        ended ? 'gone' : 'session not found',
        `session not found: ${id}`,
      );
    }
  }
}

/** For an app that hands out bodies as streams: the body is the command's standard input. */
export function commandRoute(app: FastifyInstance, { settings }: SpritesParts, access: AccessChecks): void {
  app.post<{ Querystring: Record<string, string | string[]>; Body: Readable | undefined }>(
    '/sprites/:name/exec',
    {
      onRequest: [...access.sprite],
      bodyLimit: settings.maxUploadBytes,
      schema: { summary: 'Run a command; its output is the answer', params: spriteParams },
    },
    async (request, reply) => {
      const wanted = readExecQuery(request.query);
      if (wanted.tty !== undefined || request.query.id !== undefined) {
        throw new SpritesError(400, 'invalid request', 'tty, id: need a WebSocket');
      }
      const session = await sandboxOf(request).sessions.start(wanted);
      return sendFrames(reply, session, wanted.hasInput ? request.body : undefined);
    },
  );
}
