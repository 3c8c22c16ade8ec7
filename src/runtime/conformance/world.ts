import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogStream, Logs } from '../../logs/index.ts';
import {
  type ExitEvent,
  type ProcessExitEvent,
  type RecoveredWorkload,
  type Runtime,
  RuntimeError,
  type RuntimeErrorCode,
  type WorkloadAddress,
  type WorkloadSpec,
} from '../runtime.ts';

/** Makes a runtime over a data directory, not opened yet, and the logs that it writes to. */
export type MakeRuntime = (dataDir: string) => Promise<{ readonly runtime: Runtime; readonly logs: Logs }>;

/** How long anything may take that a test waits for. */
export const waitLimitMs = 15_000;

export type Plan = Partial<Omit<WorkloadSpec, 'id' | 'image'>>;

/** A runtime that is open, and what it has told. */
export class World {
  readonly dataDir: string;
  readonly runtime: Runtime;
  readonly logs: Logs;
  readonly exits = new Map<string, ExitEvent>();
  readonly processExits: ProcessExitEvent[] = [];
  readonly #listening = new AbortController();
  readonly #made = new Set<string>();
  #listener: Promise<void> | undefined;
  #count = 0;

  private constructor(dataDir: string, runtime: Runtime, logs: Logs) {
    this.dataDir = dataDir;
    this.runtime = runtime;
    this.logs = logs;
  }

  /** Over a new data directory, or over one that another instance has left. */
  static async open(subject: URL, dataDir?: string): Promise<World> {
    const { makeRuntime } = (await import(subject.href)) as { makeRuntime: MakeRuntime };
    const directory = dataDir ?? (await realpath(await mkdtemp(join(tmpdir(), 'berth-runtime-'))));
    const { runtime, logs } = await makeRuntime(directory);
    const world = new World(directory, runtime, logs);
    await runtime.open();
    world.#listener = world.#listen();
    return world;
  }

  /** What an earlier instance left behind. */
  async recover(): Promise<Map<string, RecoveredWorkload>> {
    const recovered = await this.runtime.recover();
    for (const { id } of recovered) this.#made.add(id);
    return new Map(recovered.map(workload => [workload.id, workload]));
  }

  async create(plan: Plan): Promise<{ id: string; address: WorkloadAddress }> {
    const id = `w${++this.#count}`;
    const image = await this.runtime.prepare({ kind: 'host' }, { signal: AbortSignal.timeout(waitLimitMs) });
    this.#made.add(id);
    const address = await this.runtime.create({ id, image, env: {}, limits: {}, ...plan });
    return { id, address };
  }

  async run(plan: Plan): Promise<{ id: string; address: WorkloadAddress }> {
    const workload = await this.create(plan);
    await this.runtime.start(workload.id);
    return workload;
  }

  /** Runs a script in Node and waits until it has printed `up`. */
  async runUntilUp(script: string, plan: Plan = {}): Promise<{ id: string; address: WorkloadAddress }> {
    const workload = await this.run({ command: node(script), ...plan });
    await eventually('the program to be up', async () => (await this.lines(workload.id)).includes('up'));
    return workload;
  }

  exit(id: string): Promise<ExitEvent> {
    return eventually(`the exit of ${id}`, () => this.exits.get(id));
  }

  /** What is in the log now. */
  async lines(id: string, stream: LogStream = 'stdout'): Promise<string[]> {
    const lines: string[] = [];
    for await (const entry of this.logs.read(id, {})) {
      if (entry.type === 'line' && entry.stream === stream) lines.push(entry.text);
    }
    return lines;
  }

  /** Ends and removes everything, the data directory too. */
  async close(): Promise<void> {
    for (const id of this.#made) await this.runtime.remove(id);
    this.#listening.abort();
    await this.runtime.close();
    await this.#listener;
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    for await (const event of this.runtime.events(this.#listening.signal)) {
      if (event.type === 'exit') this.exits.set(event.id, event);
      else this.processExits.push(event);
    }
  }
}

/** The world of the tests around: made before the first and taken down after the last. */
export function sharedWorld(subject: URL): () => World {
  let world: World | undefined;
  before(async () => {
    world = await World.open(subject);
    await world.recover();
  });
  after(() => world?.close());
  return () => {
    if (world === undefined) throw new Error('the world is there only while tests run');
    return world;
  };
}

/** What a further process prints; it must print no errors. */
export async function outputOf({ runtime }: World, id: string, command: readonly string[]): Promise<string> {
  const session = await runtime.exec(id, { command });
  session.stdin.end();
  const [output, errors] = await Promise.all([text(session.stdout), text(session.stderr), session.exited]);
  assert.equal(errors, '');
  return output;
}

export function node(script: string): string[] {
  return ['node', '-e', script];
}

/** Waits for a condition, `waitLimitMs` at most. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + waitLimitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await delay(10);
  }
}

/** Whether a process of a workload has ended, given its number inside; its parent may not have noticed. */
export async function isOver(world: World, id: string, pid: string): Promise<boolean> {
  const look = await world.runtime.exec(id, { command: ['cat', `/proc/${pid}/stat`] });
  look.stdin.end();
  look.stderr.resume();
  return !/^\d+ \(.*\) [^Z]/.test(await text(look.stdout));
}

/** For `assert.rejects`. */
export function isRuntimeError(code: RuntimeErrorCode, text = ''): (error: unknown) => boolean {
  return error => error instanceof RuntimeError && error.code === code && error.message.includes(text);
}
