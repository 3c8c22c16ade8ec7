import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import { headersOf } from './raw-answer.ts';

export interface WebSocketOptions {
  /** A longer message from the client ends the connection with 1009. */
  readonly maxMessageBytes: number;
  /** Sent with the 101. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** After so much silence the other end is asked whether it is there; without an answer it is gone 10 s later. */
const probeAfterMs = 30_000;

interface Upgrade {
  readonly socket: Duplex;
  headers: Readonly<Record<string, string>>;
}

/** Requests whose socket has left the HTTP server; a route may still answer them like any other. */
const upgrades = new WeakMap<IncomingMessage, Upgrade>();
const servers = new Map<number, WebSocketServer>();

/** True when a request asks for a WebSocket (RFC 6455, section 4.2.1). */
export function wantsWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.upgrade?.toLowerCase() === 'websocket';
}

/** For the listener: remembers the socket, so that the route of the request can make a WebSocket of it. */
export function offerUpgrade(req: IncomingMessage, socket: Duplex): void {
  upgrades.set(req, { socket, headers: {} });
}

/** True when {@link acceptWebSocket} can be called for a request. */
export function isUpgrade(request: FastifyRequest): boolean {
  return upgrades.has(request.raw);
}

/**
 * Makes a WebSocket of a request that asks for one; from then on the reply is not to be used. The caller closes
 * it. A handshake that is malformed is answered, and never resolves.
 */
export function acceptWebSocket(
  request: FastifyRequest,
  reply: FastifyReply,
  { maxMessageBytes, headers = {} }: WebSocketOptions,
): Promise<WebSocket> {
  const upgrade = upgrades.get(request.raw);
  if (upgrade === undefined) throw new Error('the request does not ask for an upgrade');
  const { socket } = upgrade;
  upgrade.headers = { ...headersOf(reply), ...headers };
  // Whoever has left without a word is found out by the system: clients need not answer pings.
  if ('setKeepAlive' in socket) (socket as Socket).setKeepAlive(true, probeAfterMs);
  reply.hijack();
  (reply.raw as ServerResponse).detachSocket(socket as never);
  return new Promise(resolve => {
    // What came behind the request head was put back into the socket by the listener.
    serverFor(maxMessageBytes).handleUpgrade(request.raw, socket, Buffer.alloc(0), accepted => {
      // Each error is followed by the close, which is what counts.
      accepted.on('error', () => {});
      resolve(accepted);
    });
  });
}

function serverFor(maxMessageBytes: number): WebSocketServer {
  const known = servers.get(maxMessageBytes);
  if (known !== undefined) return known;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
  });
  server.on('headers', (lines, req) => {
    for (const [name, value] of Object.entries(upgrades.get(req)?.headers ?? {}))
      lines.push(`${name}: ${value}`);
  });
  servers.set(maxMessageBytes, server);
  return server;
}
