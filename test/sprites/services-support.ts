import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Answer, World } from '../support/index.ts';
import type { TestSprite } from './support.ts';

export interface StreamLine {
  readonly type: string;
  readonly timestamp: number;
  readonly data?: string;
  readonly exit_code?: number;
  readonly log_files?: Readonly<Record<string, string>>;
}

export interface ServiceShape {
  readonly name: string;
  readonly args: readonly string[];
  readonly needs: readonly string[];
  readonly http_port: number | null;
  readonly state: {
    readonly status: string;
    readonly pid?: number;
    readonly started_at?: string;
    readonly error?: string;
    readonly restart_count?: number;
    readonly next_restart_at?: string;
  };
  readonly [field: string]: unknown;
}

/** Lines of an answer that is a stream; checks what holds for every one. */
export function streamOf(answer: Answer): StreamLine[] {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['content-type'], 'application/x-ndjson');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['x-accel-buffering'], 'no');
  assert.ok(answer.text.endsWith('\n'), answer.text);
  const texts = answer.text.slice(0, -1).split('\n');
  for (const text of texts) assert.ok(Buffer.byteLength(text) <= 60_000, `${text.slice(0, 80)}… is too long`);
  const lines = texts.map(text => JSON.parse(text) as StreamLine);
  const times = lines.map(({ timestamp }) => timestamp);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
    answer.text,
  );
  assert.deepEqual(
    lines.map(({ type }) => type === 'complete'),
    [...lines.slice(1).map(() => false), true],
    answer.text,
  );
  return lines;
}

export function typesOf(lines: readonly StreamLine[]): string[] {
  return lines.map(({ type }) => type);
}

/** All output of one stream, put together. */
export function outputOf(lines: readonly StreamLine[], type = 'stdout'): string {
  return lines.flatMap(line => (line.type === type ? [line.data ?? ''] : [])).join('');
}

export function codeOf(lines: readonly StreamLine[], type: string): number | undefined {
  return lines.find(line => line.type === type)?.exit_code;
}

/** The services of a sprite, and ways to ask about them. */
export class TestServices {
  readonly sprite: TestSprite;

  constructor(sprite: TestSprite) {
    this.sprite = sprite;
  }

  async put(name: string, body: object, query = 'duration=0'): Promise<StreamLine[]> {
    return streamOf(await this.sprite.api(`/services/${name}?${query}`, { method: 'PUT', body }));
  }

  /** Runs a shell script. */
  sh(name: string, script: string, more: object = {}, query?: string): Promise<StreamLine[]> {
    return this.put(name, { cmd: 'sh', args: ['-c', script], ...more }, query);
  }

  async post(name: string, action: string): Promise<StreamLine[]> {
    return streamOf(await this.sprite.api(`/services/${name}/${action}`, { method: 'POST' }));
  }

  async get(name: string): Promise<ServiceShape> {
    return (await this.sprite.api(`/services/${name}`)).ok<ServiceShape>();
  }

  async logs(name: string, query = ''): Promise<StreamLine[]> {
    return streamOf(await this.sprite.api(`/services/${name}/logs?${query}`));
  }

  signal(name: unknown, signal: unknown): Promise<Answer> {
    return this.sprite.api('/services/signal', { body: { name, signal } });
  }
}

/** A service that answers every request with a text. */
export function answering(world: World, port: number, text: string): object {
  const host = world.runtime === 'oci' ? '0.0.0.0' : '127.0.0.1';
  const program = `require('http').createServer((_, res) => res.end(${JSON.stringify(text)})).listen(${port}, '${host}')`;
  return { cmd: 'node', args: ['-e', program], http_port: port };
}

/** One that nobody on this machine has, in case that programs share its network. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}
