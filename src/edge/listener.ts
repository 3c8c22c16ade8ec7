import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { render } from './answer.ts';
import { edgeErrors } from './errors.ts';
import { limits } from './limits.ts';

/**
 * How a listener in front of an edge must be set: heads are limited in time, bodies are not.
 *
 * @param headTimeoutMs as in `EdgeOptions`
 */
export function listenerOptions(headTimeoutMs: number): ServerOptions {
  return {
    headersTimeout: headTimeoutMs,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(Math.max(Math.ceil(headTimeoutMs / 4), 100), 5_000),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: limits.keepAliveMs,
  };
}

/** The `Host` of a request without building the object of all its headers, which costs as much as routing it. */
export function hostOf(req: IncomingMessage): string | undefined {
  const raw = req.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') return raw[i + 1];
  }
  return undefined;
}

/** For a listener's `clientError`: answers what could not be parsed, also where no edge or API is known yet. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const response = (socket as AnsweringSocket)._httpMessage;
  if (response?.req.complete) {
    // What follows a whole request does not make that one worse: it has its answer, which is the last.
    response.shouldKeepAlive = false;
    if (response.headersSent) response.once('finish', () => (socket as Socket).destroySoon());
    return;
  }
  if (response?.headersSent) {
    // A second head would be taken for a part of the response that has begun.
    (socket as Socket).destroySoon();
    return;
  }
  const found = clientErrors[error.code ?? ''] ?? edgeErrors.malformed;
  const { headers, body } = render(found, { detail: 'it is not well-formed HTTP/1.1' }, false);
  let text = `HTTP/1.1 ${found.status} ${found.code}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  socket.end(`${text}\r\n${body}`, 'latin1', () => socket.destroy());
}

/** The socket of an HTTP server knows the response that it carries; the types do not. */
type AnsweringSocket = Duplex & { readonly _httpMessage?: ServerResponse | null };

const clientErrors: Record<string, (typeof edgeErrors)[keyof typeof edgeErrors]> = {
  ERR_HTTP_REQUEST_TIMEOUT: edgeErrors.headLate,
  HPE_HEADER_OVERFLOW: edgeErrors.headTooLarge,
};
