import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Check } from 'typebox/schema';
import type { WebSocket } from 'ws';
import { ConnectError, type ListeningPort, type LiveSandbox } from '../../../engine/index.ts';
import { acceptWebSocket } from '../../../http/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, sandboxOf } from '../access.ts';
import { spriteParams } from '../schemas.ts';
import { portShape } from '../sockets/port-shape.ts';
import { closeCodes, TextSocket } from '../sockets/text-socket.ts';
import { tunnel } from '../sockets/tunnel.ts';
import { requireUpgrade } from '../sockets/upgrade.ts';

const maxProxyMessageBytes = 16 * 1024 * 1024;
const maxWatchMessageBytes = 64 * 1024;
const startTimeoutMs = 10_000;
const cannotConnect = 4502;

const start = Type.Object({
  host: Type.Optional(Type.String({ maxLength: 253, pattern: '^[^\\s/]*$' })),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
});

/** Ports inside a sprite: connections to them, and which there are. */
export function portRoutes(app: FastifyInstance, access: AccessChecks): void {
  app.get(
    '/sprites/:name/proxy',
    {
      onRequest: [...access.sprite],
      schema: { summary: 'Connect to a port inside', params: spriteParams },
    },
    async (request, reply) => {
      requireUpgrade(request);
      const accepted = await acceptWebSocket(request, reply, { maxMessageBytes: maxProxyMessageBytes });
      await proxy(accepted, sandboxOf(request), request.server.closing);
      return reply;
    },
  );

  app.get(
    '/sprites/:name/ports/watch',
    {
      onRequest: [...access.sprite],
      schema: { summary: 'Watch which ports are listened on', params: spriteParams },
    },
    async (request, reply) => {
      requireUpgrade(request);
      const accepted = await acceptWebSocket(request, reply, { maxMessageBytes: maxWatchMessageBytes });
      await watch(new TextSocket(accepted, request.server.closing), sandboxOf(request));
      return reply;
    },
  );
}

/** Resolves when the connection has ended. */
async function proxy(accepted: WebSocket, { ports }: LiveSandbox, closing: AbortSignal): Promise<void> {
  const socket = new TextSocket(accepted, closing);
  const refuse = (code: number, target: string, error: string): void => {
    socket.tell({ status: 'error', target, error });
    socket.close(code);
  };
  // The first message, and what a client sends behind it, for the program.
  const early: Buffer[] = [];
  const keep = (data: unknown): void => {
    early.push(data as Buffer);
    if (early.length > 1) accepted.pause();
  };
  accepted.on('message', keep);
  const wanted = await socket.first(startTimeoutMs);
  if (wanted === undefined || !Check(start, wanted)) {
    accepted.resume();
    refuse(closeCodes.badStart, '', 'the first message must be {"host":"localhost","port":5432}');
    return;
  }
  const { host: name = '', port } = wanted;
  const host = name === '' ? 'localhost' : name;
  const target = targetOf(host, port);
  try {
    const { stream, release } = await ports.connect({ host, port }, AbortSignal.any([socket.gone, closing]));
    accepted.off('message', keep);
    socket.tell({ status: 'connected', target });
    await tunnel(accepted, stream, { early: early.slice(1), closing }).finally(release);
  } catch (error) {
    accepted.resume();
    if (socket.gone.aborted || closing.aborted) return;
    const isTold = error instanceof ConnectError || error instanceof BerthError;
    refuse(cannotConnect, target, isTold ? error.message : 'Berth failed; its log has the cause');
    if (!isTold) throw error;
  }
}

/** Resolves when it has begun. */
async function watch(socket: TextSocket, { ports }: LiveSandbox): Promise<void> {
  const waiting: object[] = [];
  let tell = (message: object): void => void waiting.push(message);
  const listener = {
    opened: (port: ListeningPort) => tell(portShape('port_opened', port)),
    closed: (port: ListeningPort) => tell(portShape('port_closed', port)),
  };
  try {
    const watched = await ports.watch(listener, socket.gone);
    if (socket.gone.aborted) return watched.stop();
    socket.gone.addEventListener('abort', watched.stop);
    socket.tell({ type: 'port_list', ports: watched.ports.map(port => portShape('port_opened', port)) });
    tell = message => socket.tell(message);
    for (const message of waiting) tell(message);
  } catch (error) {
    if (socket.gone.aborted) return;
    const isTold = error instanceof BerthError;
    if (isTold) socket.tell({ type: 'error', message: error.message });
    socket.close(closeCodes.serverStops);
    if (!isTold) throw error;
  }
}

function targetOf(host: string, port: number): string {
  if (host === 'localhost') return `127.0.0.1:${port}`;
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
