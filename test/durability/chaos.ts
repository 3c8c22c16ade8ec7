import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestBackend, World } from '../support/index.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Services by name, with the arguments of `tiny.pl`; without: of an image that does not exist. */
const services: Readonly<Record<string, readonly string[] | undefined>> = {
  serve: ['serve'],
  stubborn: ['stubborn'],
  'exit-soon': ['exit', '0', '40'],
  'exit-later': ['exit', '3', '400'],
  fail: ['fail', '5'],
  absent: undefined,
};

export const locks = ['a', 'b', 'c'];

/** Backends of these services end by themselves. */
export function endsByItself(service: string): boolean {
  return service !== 'serve' && service !== 'stubborn';
}

/** A backend that a client was told of. */
export interface Acknowledged {
  readonly backend: TestBackend;
  terminated: boolean;
}

interface Action {
  readonly afterMs: number;
  readonly run: () => Promise<void>;
}

/** Spawns and terminates backends at random, many at once, and kills their server in the middle of it. */
export class Chaos {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #acknowledged = new Map<string, Acknowledged>();
  /** When the server was started and killed, for texts of failures. */
  readonly #moments: string[] = [];
  #requests = 0;
  #cutOff = 0;

  constructor(world: World, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  async createServices(): Promise<void> {
    for (const [name, args] of Object.entries(services)) {
      if (args === undefined) (await this.#world.api('/user/admin/service', { body: { name } })).ok();
      else await this.#world.service('tiny.pl', { name, args });
    }
  }

  get acknowledged(): readonly Acknowledged[] {
    return [...this.#acknowledged.values()];
  }

  get ids(): readonly string[] {
    return [...this.#acknowledged.keys()];
  }

  get moments(): readonly string[] {
    return this.#moments;
  }

  summary(): string {
    return `${this.#requests} requests, ${this.#cutOff} of them cut off, ${this.#acknowledged.size} backends acknowledged`;
  }

  /** When it resolves no server runs. */
  async disturbAndKill(): Promise<void> {
    const { server } = this.#world;
    const random = this.#random;
    const actions = Array.from({ length: random.between(10, 24) }, () => this.#plan());
    /** The kill comes right after this one was sent; else at a moment of its own. */
    const last = random.chance(0.5) ? random.pick(actions) : undefined;
    const killAfterMs = random.between(20, 500);
    const all = actions.map(async action => {
      await delay(action.afterMs);
      if (!server.running) return;
      const answered = this.#attempt(action);
      if (action === last) {
        await delay(random.between(0, 8));
        this.#kill();
      }
      await answered;
    });
    await delay(last === undefined ? killAfterMs : 400);
    this.#kill();
    await Promise.all(all);
    await server.kill();
    assert.deepEqual(server.faults, []);
  }

  /** Starts the server, now and then with a kill on the way. */
  async start(): Promise<void> {
    const { server } = this.#world;
    if (this.#random.chance(0.25)) {
      const started = server.start().catch(() => {});
      await delay(this.#random.between(0, 900));
      this.#kill();
      await started;
      await server.kill();
    }
    this.#moments.push(`start ${Date.now()}`);
    await server.start();
  }

  #kill(): void {
    const { server } = this.#world;
    if (!server.running) return;
    this.#moments.push(`kill ${Date.now()}`);
    process.kill(server.pid, 'SIGKILL');
  }

  #plan(): Action {
    const random = this.#random;
    const afterMs = random.between(0, 150);
    const hard = random.chance(0.4);
    const victim = random.pick(this.acknowledged.filter(({ terminated }) => !terminated));
    // The more there are, the more are ended.
    if (victim !== undefined && random.chance(0.25 + this.ids.length / 500)) {
      return { afterMs, run: () => this.#terminate(victim, hard) };
    }
    const service = random.pick(Object.keys(services)) ?? '';
    const lock = random.chance(0.5) ? random.pick(locks) : undefined;
    const endAfterMs = random.chance(0.25) ? random.between(0, 80) : undefined;
    return {
      afterMs,
      run: async () => {
        const spawned = await this.#spawn(service, lock);
        if (endAfterMs === undefined || spawned === undefined) return;
        await delay(endAfterMs);
        await this.#terminate(spawned, hard);
      },
    };
  }

  async #attempt({ run }: Action): Promise<void> {
    this.#requests += 1;
    try {
      await run();
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code)) throw error;
      this.#cutOff += 1;
    }
  }

  /** @returns undefined when the holder of the lock was told of */
  async #spawn(service: string, lock: string | undefined): Promise<Acknowledged | undefined> {
    const backend = await this.#world.spawn(service, lock === undefined ? {} : { lock });
    const known = this.#acknowledged.get(backend.id) ?? { backend, terminated: false };
    this.#acknowledged.set(backend.id, known);
    return backend.result.spawned ? known : undefined;
  }

  async #terminate(known: Acknowledged, hard: boolean): Promise<void> {
    const answer = await known.backend.terminate({ hard });
    if (answer.status === 409) return; // it has ended by itself
    answer.ok();
    known.terminated = true;
  }
}
