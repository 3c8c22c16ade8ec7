import { randomBytes } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { connectionErrorOf, errorOf } from '../errors.ts';
import { WebSocketConnection } from './connection.ts';

export interface OpenOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Until the server has agreed. */
  readonly timeoutMs: number;
}

/**
 * Opens a WebSocket. Node's own tells nothing of a refusal.
 * @param url with `http:` or `https:`
 * @throws {ApiError} the server's refusal
 * @throws {ConnectionError}
 */
export async function openWebSocket(
  url: string,
  { headers, timeoutMs }: OpenOptions,
): Promise<WebSocketConnection> {
  const signal = AbortSignal.timeout(timeoutMs);
  const send = new URL(url).protocol === 'https:' ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<WebSocketConnection>();
  const request = send(url, {
    // Of its own, not one that other requests wait for.
    agent: false,
    headers: {
      ...headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-version': '13',
    },
  });
  const giveUp = (): void => void request.destroy(signal.reason);
  signal.addEventListener('abort', giveUp);
  request.on('upgrade', (_, socket, head) => {
    resolve(new WebSocketConnection(new URL(url).origin, socket as Socket, head));
  });
  request.on('response', response => {
    const pieces: Buffer[] = [];
    response.on('data', (piece: Buffer) => pieces.push(piece));
    response.on('error', reject);
    response.on('end', () => {
      const requestId = response.headers['x-request-id'];
      const refusal = new Response(Buffer.concat(pieces), {
        status: response.statusCode ?? 500,
        headers: { ...(typeof requestId === 'string' && { 'x-request-id': requestId }) },
      });
      errorOf(refusal).then(reject, reject);
    });
  });
  request.on('error', error =>
    reject(connectionErrorOf(new URL(url).origin, signal.aborted ? signal.reason : error)),
  );
  request.end();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
