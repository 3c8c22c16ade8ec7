import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Answer, SendOptions, World } from '../support/index.ts';

export interface SpriteShape {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly url: string;
  readonly [field: string]: unknown;
}

let made = 0;

/** A sprite of the administrator, and ways to use it. */
export class TestSprite {
  readonly name: string;
  readonly shape: SpriteShape;
  readonly #world: World;

  private constructor(world: World, shape: SpriteShape) {
    this.#world = world;
    this.name = shape.name;
    this.shape = shape;
  }

  static async create(world: World, body: object = {}): Promise<TestSprite> {
    const name = `s${++made}-${process.pid}`;
    const answer = await world.api('/v1/sprites', { body: { name, ...body } });
    assert.equal(answer.status, 201, answer.text);
    return new TestSprite(world, answer.json<SpriteShape>());
  }

  /** A request below it. */
  api(path: string, options: SendOptions & { token?: string | null } = {}): Promise<Answer> {
    return this.#world.api(`/v1/sprites/${this.name}${path}`, options);
  }

  async status(): Promise<string> {
    return (await this.api('')).ok<SpriteShape>().status;
  }

  /** Runs a command and reads its whole output over HTTP. */
  async run(...command: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
    const query = new URLSearchParams(command.map((argument): [string, string] => ['cmd', argument]));
    const response = await this.#world.server.openApi(`/v1/sprites/${this.name}/exec?${query.toString()}`, {
      method: 'POST',
    });
    assert.equal(response.statusCode, 200);
    const result = { stdout: '', stderr: '', exitCode: -1 };
    // Each chunk of HTTP is a frame; reading the stream in another way would join those that come together.
    response.on('data', (chunk: Buffer) => {
      const [kind, payload] = [chunk[0], chunk.subarray(1)];
      if (kind === 1) result.stdout += payload.toString();
      else if (kind === 2) result.stderr += payload.toString();
      else result.exitCode = payload[0] ?? -1;
    });
    await once(response, 'end');
    return result;
  }

  /** Opens a WebSocket below it. */
  async socket(path: string): Promise<TestSocket> {
    const { url, token } = this.#world.server;
    const target = `${url.replace('http', 'ws')}/v1/sprites/${this.name}${path}`;
    const socket = new TestSocket(new WebSocket(target, { headers: { authorization: `Bearer ${token}` } }));
    await socket.opened;
    return socket;
  }

  /** What its URL answers, with the administrator's token unless told otherwise. */
  url(
    path = '/',
    { token = this.#world.server.token, ...options }: SendOptions & { token?: string | null } = {},
  ) {
    const headers = {
      host: new URL(this.shape.url).host,
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...options.headers,
    };
    return this.#world.api(path, { ...options, token: null, headers });
  }
}

/** Remembers all that a WebSocket brings. */
export class TestSocket {
  readonly socket: WebSocket;
  readonly opened: Promise<unknown>;
  /** Texts as parsed JSON, bytes as they are; in order. */
  readonly messages: (Record<string, unknown> | Buffer)[] = [];
  readonly closed: Promise<number>;
  #wake = (): void => {};

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.opened = once(socket, 'open');
    this.closed = new Promise(resolve => socket.once('close', code => resolve(code)));
    socket.on('message', (data, isBinary) => {
      this.messages.push(isBinary ? (data as Buffer) : JSON.parse((data as Buffer).toString()));
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#wake());
  }

  get texts(): Record<string, unknown>[] {
    return this.messages.filter(message => !Buffer.isBuffer(message)) as Record<string, unknown>[];
  }

  /** All binary messages of one kind, put together; without a kind, all of them. */
  output(kind?: number): string {
    const bytes = this.messages.filter(message => Buffer.isBuffer(message)) as Buffer[];
    const chosen = kind === undefined ? bytes : bytes.filter(message => message[0] === kind);
    return Buffer.concat(kind === undefined ? chosen : chosen.map(message => message.subarray(1))).toString();
  }

  /** Waits until `condition` holds after a message. */
  async until(what: string, condition: () => boolean, limitMs = 20_000): Promise<void> {
    const limit = AbortSignal.timeout(limitMs);
    while (!condition()) {
      if (limit.aborted || this.socket.readyState === this.socket.CLOSED) {
        throw new Error(
          `waited in vain for ${what}; there is ${JSON.stringify(this.messages).slice(0, 500)}`,
        );
      }
      await Promise.race([
        new Promise<void>(resolve => {
          this.#wake = resolve;
        }),
        once(limit, 'abort'),
      ]);
    }
  }
}

/** Checks that an answer is a refusal in the words of this API. @returns its message */
export function assertRefused(answer: Answer, status: number, error: string): string {
  assert.equal(answer.status, status, `${answer.status}: ${answer.text.slice(0, 500)}`);
  assert.equal(answer.headers['content-type'], 'application/json');
  const body = answer.json<{ error: string; message: string }>();
  assert.equal(body.error, error, answer.text);
  assert.match(body.message, /^[^\r\n]+$/);
  return body.message;
}
