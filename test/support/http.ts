import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as openRequest } from 'node:http';
import type { Readable } from 'node:stream';

/** No test waits longer than this for one answer. */
export const answerTimeoutMs = 30_000;

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** An object is sent as JSON; text, bytes and streams go as they are, without a Content-Type. */
  readonly body?: object | string | Buffer | Readable;
  readonly signal?: AbortSignal;
}

/** A whole answer. */
export class Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;

  constructor(status: number, headers: IncomingHttpHeaders, bytes: Buffer) {
    this.status = status;
    this.headers = headers;
    this.bytes = bytes;
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  json<Body = Record<string, unknown>>(): Body {
    return JSON.parse(this.text) as Body;
  }

  /** Its body, after a check that it is a success; the message of a failure shows the whole answer. */
  ok<Body = Record<string, unknown>>(): Body {
    assert.equal(this.status, 200, `${this.status}: ${this.text.slice(0, 500)}`);
    return this.json<Body>();
  }
}

/** Sends a request over a connection of its own and reads the whole answer. */
export async function send(url: string, options: SendOptions = {}): Promise<Answer> {
  const response = await open(url, options);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return new Answer(response.statusCode ?? 0, response.headers, Buffer.concat(chunks));
}

/** Sends a request and returns when the head of the answer is there; the body is the caller's to read. */
export async function open(url: string, options: SendOptions = {}): Promise<IncomingMessage> {
  const { method, headers = {}, body } = options;
  const isJson = isPlainObject(body);
  const limit = AbortSignal.timeout(answerTimeoutMs);
  const { origin, hostname, port } = new URL(url);
  const outgoing = openRequest({
    hostname,
    port,
    // Not the path of the URL, in which dots would be resolved.
    path: url.slice(origin.length) || '/',
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(isJson && { 'content-type': 'application/json' }), ...headers } as Record<string, string>,
    agent: false,
    signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
  });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  // After the head, an aborted body is told by the response alone.
  outgoing.on('error', () => {});
  if (body === undefined) outgoing.end();
  else if (isJson) outgoing.end(JSON.stringify(body));
  else if (typeof body === 'string' || Buffer.isBuffer(body)) outgoing.end(body);
  else (body as Readable).pipe(outgoing);
  const [response] = await answered;
  return response;
}

function isPlainObject(body: SendOptions['body']): body is object {
  return typeof body === 'object' && !Buffer.isBuffer(body) && !('pipe' in body);
}

/** Checks that an answer is a refusal in the published form, and returns its message. */
export function assertRefused(answer: Answer, status: number, code: string): string {
  assert.equal(answer.status, status, `${answer.status}: ${answer.text.slice(0, 500)}`);
  assert.equal(answer.headers['content-type'], 'application/json');
  const { error, ...rest } = answer.json<{ error: Record<string, unknown> }>();
  assert.deepEqual(rest, {});
  assert.deepEqual(Object.keys(error).sort(), ['code', 'id', 'message', 'status']);
  assert.deepEqual([error.status, error.code], [status, code], answer.text);
  assert.equal(error.id, answer.headers['x-request-id']);
  assert.match(String(error.message), /^[^\r\n]+$/);
  return String(error.message);
}
