import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asciiJson } from '../lib/ascii-json.ts';
import { prefersHtml } from './accept.ts';
import type { OwnAnswer } from './edge.ts';
import { type EdgeError, type EdgeErrorDetails, errorText } from './errors.ts';
import { limits } from './limits.ts';
import { addEdgeHeaders } from './response-headers.ts';

/** Answers a request with one of the edge's own errors: JSON, or HTML where `Accept` prefers it. */
export function answerError(
  req: IncomingMessage,
  res: ServerResponse,
  error: EdgeError,
  details: EdgeErrorDetails,
): void {
  const { headers, body } = render(error, details, prefersHtml(req.headers.accept));
  send(req, res, error.status, headers, body, details.id);
}

/** Answers a request in the words of the workload's owner. */
export function answerAsOwner(req: IncomingMessage, res: ServerResponse, own: OwnAnswer, id: string): void {
  const headers = Object.entries({ ...own.headers, 'cache-control': 'no-store' }).flat();
  send(req, res, own.status, ['content-type', 'application/json', ...headers], asciiJson(own.body), id);
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  ownHeaders: readonly string[],
  text: string,
  id: string | undefined,
): void {
  const body = Buffer.from(text);
  const headers = ['content-length', String(body.length), ...ownHeaders];
  const unread = !req.complete && hasBody(req);
  if (unread) headers.push('connection', 'close');
  res.writeHead(status, addEdgeHeaders(headers, id));
  if (!unread || req.method === 'HEAD') {
    res.end(body);
    return;
  }
  // Closing a socket with unread input resets it, and the client may lose the answer. So the answer goes out
  // whole, and the end of the response waits until the client has stopped sending, for a limited time.
  res.write(body);
  lingerThenEnd(req, res);
}

export function render(
  error: EdgeError,
  details: EdgeErrorDetails,
  html: boolean,
): { headers: string[]; body: string } {
  const requestId = `req_${randomBytes(4).toString('hex')}`;
  const message = errorText(error, details);
  const headers = [
    'content-type',
    html ? 'text/html; charset=utf-8' : 'application/json',
    'x-request-id',
    requestId,
    'cache-control',
    'no-store',
  ];
  if (error.retryAfterSeconds !== undefined) headers.push('retry-after', String(error.retryAfterSeconds));
  const body = html
    ? page(error, message, requestId)
    : asciiJson({ error: { message, status: error.status, code: error.code, id: requestId } });
  return { headers, body };
}

function page({ status, code, retryAfterSeconds }: EdgeError, message: string, requestId: string): string {
  const refresh =
    retryAfterSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${retryAfterSeconds}">\n`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
${refresh}<title>${status} ${code}</title>
<h1>${status} ${code}</h1>
<p>${escapeHtml(message)}</p>
<p><small>${requestId}</small></p>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`);
}

function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

function lingerThenEnd(req: IncomingMessage, res: ServerResponse): void {
  const end = () => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(end, limits.lingerMs);
  req.once('end', end);
  res.once('close', () => clearTimeout(timer));
  req.resume();
}
