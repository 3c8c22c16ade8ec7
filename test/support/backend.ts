import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { allEvents, readEvents } from './event-stream.ts';
import { within } from './eventually.ts';
import { type Answer, answerTimeoutMs, open, type SendOptions, send } from './http.ts';
import type { TestServer } from './server.ts';

export interface SpawnResult {
  readonly name: string;
  readonly url: string;
  readonly ready_url: string;
  readonly status_url: string;
  readonly status: string;
  readonly spawned: boolean;
  readonly bearer_token?: string;
}

export interface BackendStatus {
  readonly state: string;
  readonly time: string;
  readonly backend: string;
}

/** What the program `echo.js` answers. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly env: Record<string, string>;
}

/** A spawned backend, as its clients see it. */
export class TestBackend {
  readonly id: string;
  readonly result: SpawnResult;
  readonly #server: TestServer;

  constructor(server: TestServer, result: SpawnResult) {
    this.#server = server;
    this.result = result;
    this.id = result.name;
  }

  /** One that was spawned by other means, of which only the id is known. */
  static withId(server: TestServer, id: string): TestBackend {
    const unknown = { url: '', ready_url: '', status_url: '', status: '', spawned: true };
    return new TestBackend(server, { name: id, ...unknown });
  }

  /** What the backend's own host name is, with the port. */
  get host(): string {
    return `${this.id}.localhost:${this.#server.port}`;
  }

  /** A request to the program, through the edge. */
  async request(path: string, options: SendOptions = {}): Promise<Answer> {
    return await send(this.#server.url + path, this.#toHost(options));
  }

  /** The same, for an answer that is read as it comes. */
  async open(path: string, options: SendOptions = {}): Promise<IncomingMessage> {
    return await open(this.#server.url + path, this.#toHost(options));
  }

  /** An open WebSocket to the program, through the edge. */
  async webSocket(path = '/', headers: Record<string, string> = {}): Promise<WebSocket> {
    const socket = this.openingWebSocket(path, headers);
    await once(socket, 'open');
    return socket;
  }

  /** The same before it is open, for programs that speak first: listen for messages at once. */
  openingWebSocket(path = '/', headers: Record<string, string> = {}): WebSocket {
    return new WebSocket(`ws://127.0.0.1:${this.#server.port}${path}`, {
      headers: { host: this.host, ...headers },
      handshakeTimeout: answerTimeoutMs,
      perMessageDeflate: false,
    });
  }

  async status(): Promise<BackendStatus> {
    return (await this.#server.api(`/backend/${this.id}/status`, { token: null })).ok<BackendStatus>();
  }

  /** Waits for a state; fails when the stream of states ends without it. */
  async reaches(state: string, timeoutMs?: number): Promise<BackendStatus> {
    return await within(`${state} of ${this.id}`, this.#awaitState(state), timeoutMs);
  }

  /** All states to the end, which must come in time. */
  async states(timeoutMs?: number): Promise<BackendStatus[]> {
    const events = await allEvents(await this.#openStates(), timeoutMs);
    return events.map(({ data }) => JSON.parse(data) as BackendStatus);
  }

  /** Lines of the log; to its end unless `follow` is false. */
  async log(query = ''): Promise<string[]> {
    const response = await this.#server.openApi(`/backend/${this.id}/logs${query}`);
    assert.equal(response.statusCode, 200);
    return (await allEvents(response)).map(({ data }) => data);
  }

  async terminate(options: { hard?: boolean } = {}): Promise<Answer> {
    return await this.#server.api(`/backend/${this.id}/terminate`, { body: options });
  }

  async #awaitState(wanted: string): Promise<BackendStatus> {
    const response = await this.#openStates();
    const seen: string[] = [];
    try {
      for await (const { data } of readEvents(response)) {
        const status = JSON.parse(data) as BackendStatus;
        seen.push(status.state);
        if (status.state === wanted) return status;
      }
    } finally {
      response.destroy();
    }
    const log = await this.log('?follow=false').catch(() => []);
    throw new Error(`never ${wanted}, but ${seen.join(', ')}; its log: ${log.join('\n')}`);
  }

  async #openStates(): Promise<IncomingMessage> {
    const response = await this.#server.openApi(`/backend/${this.id}/status/stream`, { token: null });
    assert.equal(response.statusCode, 200);
    return response;
  }

  #toHost(options: SendOptions): SendOptions {
    return { ...options, headers: { host: this.host, ...options.headers } };
  }
}

/** Sends a message and waits for the next one that comes. */
export async function exchange(socket: WebSocket, message: string | Buffer): Promise<Buffer> {
  const answered = once(socket, 'message') as Promise<[Buffer]>;
  socket.send(message);
  return (await within('an echo', answered))[0];
}
