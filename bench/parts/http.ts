import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** Where a server listens: a TCP port or a Unix socket. */
export type Place = { readonly host: string; readonly port: number } | { readonly socketPath: string };

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly timeoutMs?: number;
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const defaultTimeoutMs = 30_000;
const pollMs = 2;
const pollTimeoutMs = 200;
const firstAnswerTimeoutMs = 30_000;

/** One request, by default over a connection of its own; the head of its answer. */
export async function open(place: Place, path: string, call: Call = {}): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, timeoutMs = defaultTimeoutMs, agent = false } = call;
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const signal = AbortSignal.timeout(timeoutMs);
  const outgoing = request({ ...place, path, method, agent, signal, headers: { ...headers, ...length } });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}

export async function call(place: Place, path: string, options?: Call): Promise<Answer> {
  const answer = await open(place, path, options);
  const chunks = (await answer.toArray()) as Buffer[];
  return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
}

/** Asks again and again until the answer is 200, as one who has nothing but an address must. */
export async function firstAnswer(host: string, port: number): Promise<void> {
  const deadline = performance.now() + firstAnswerTimeoutMs;
  while (performance.now() < deadline) {
    const answer = await call({ host, port }, '/', { timeoutMs: pollTimeoutMs }).catch(() => undefined);
    if (answer?.status === 200) return;
    await delay(pollMs);
  }
  throw new Error(`no answer with status 200 within ${firstAnswerTimeoutMs} ms`);
}

/** A client of a JSON API over connections that are kept. */
export class JsonApi {
  readonly #place: Place;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(place: Place, headers: Readonly<Record<string, string>> = {}) {
    this.#place = place;
    this.#headers = { 'content-type': 'application/json', ...headers };
  }

  /** @throws {Error} with the answer, unless its status is 2xx */
  async call<Result>(method: string, path: string, body?: object): Promise<Result> {
    const { status, body: text } = await call(this.#place, path, {
      method,
      headers: this.#headers,
      agent: this.#agent,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text.trim()}`);
    return (text === '' ? undefined : JSON.parse(text)) as Result;
  }
}
