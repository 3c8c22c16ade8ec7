import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { eventually, readEvents, type TestServer } from '../support/index.ts';

const waitMs = 90_000;

/** Follows a log, also across restarts of its server: goes on after the last event's id when it is told to. */
export class LogReader {
  readonly lines: string[] = [];
  readonly #server: TestServer;
  readonly #id: string;
  #lastEventId: number | undefined;
  #response: IncomingMessage | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(server: TestServer, id: string) {
    this.#server = server;
    this.#id = id;
  }

  /** Begins, or goes on when the connection has been lost. */
  async resume(): Promise<void> {
    await this.#done;
    const headers = {
      accept: 'text/event-stream',
      ...(this.#lastEventId !== undefined && { 'last-event-id': String(this.#lastEventId) }),
    };
    this.#response = await this.#server.openApi(`/backend/${this.#id}/logs`, { headers });
    assert.equal(this.#response.statusCode, 200);
    this.#done = this.#collect(this.#response);
  }

  async #collect(response: IncomingMessage): Promise<void> {
    try {
      for await (const { id, data } of readEvents(response)) {
        assert.ok(id !== undefined && id > (this.#lastEventId ?? 0), `${id} after ${this.#lastEventId}`);
        this.lines.push(data);
        this.#lastEventId = id;
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNRESET' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  }

  async reaches(line: string): Promise<void> {
    await eventually(`${line} of ${this.#id}`, () => this.lines.includes(line), waitMs);
  }

  /** Settles when the stream has ended or was lost. */
  async ended(): Promise<void> {
    await this.#done;
  }

  async stop(): Promise<void> {
    this.#response?.destroy();
    await this.#done;
  }
}
