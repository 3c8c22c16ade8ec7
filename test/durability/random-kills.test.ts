import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { statusOrder } from '../../src/engine/workloads/status.ts';
import { type Answer, cannotRun, eventually, programs, type SpawnResult, TestBackend, TestServer } from '../support/index.ts';
import { type History, histories, type Step } from './journal.ts';
import { SeededRandom } from './seeded-random.ts';
import { containedProcesses, traces } from './traces.ts';

/** `SEED=n` plays a run again, `ROUNDS=n` makes it longer. */
const seed = Number(process.env.SEED ?? randomInt(1_000_000));
const rounds = Number(process.env.ROUNDS ?? 4);

const poolSize = 2;
const stopGraceMs = 1_000;
const startupTimeoutMs = 5_000;
/** Nothing may be on its way for longer: starting up, then a soft stop, and the time that the machine takes. */
const settleMs = startupTimeoutMs + stopGraceMs + 10_000;
const locks = ['a', 'b', 'c'];
/** Services by name, with the arguments of `tiny.pl`; no arguments: an image that does not exist. */
const services: Readonly<Record<string, readonly string[] | undefined>> = {
  serve: ['serve'],
  stubborn: ['stubborn'],
  'exit-soon': ['exit', '0', '40'],
  'exit-later': ['exit', '3', '400'],
  fail: ['fail', '5'],
  absent: undefined,
};
const endStates = new Set([
  'Terminated',
  'Exited',
  'Failed',
  'ErrorStarting',
  'ErrorLoading',
  'Swept',
  'Lost',
  'TimedOutBeforeReady',
]);

test(`${rounds} kills at random moments lose nothing and leave nothing behind`, {
  skip: cannotRun('oci') ?? false,
  timeout: 60_000 + rounds * 40_000,
}, async t => {
  const server = await TestServer.start({
    runtime: 'oci',
    settings: {
      'network.pool_size': poolSize,
      'jamsocket.stop_grace_seconds': stopGraceMs / 1000,
      'jamsocket.startup_timeout_seconds': startupTimeoutMs / 1000,
      'jamsocket.lock_wait_seconds': 5,
    },
  });
  t.after(() => server.destroy(), { timeout: 60_000 });
  for (const [name, args] of Object.entries(services)) {
    const program = args && { command: 'perl', args: ['tiny.pl', ...args], dir: programs };
    (await server.api('/user/admin/service', { body: { name, ...program } })).ok();
  }
  const chaos = new Chaos(server, new SeededRandom(seed), t);
  for (let round = 1; round <= rounds; round += 1) {
    try {
      await chaos.round();
    } catch (error) {
      throw new Error(`round ${round}; play it again with SEED=${seed} ROUNDS=${round}`, { cause: error });
    }
  }
  t.diagnostic(`seed ${seed}, ${rounds} rounds, ${chaos.summary()}`);
  await server.endWorkloads();
  await server.stop();
  const left = await traces(server.dataDir, { ids: chaos.ids() });
  const { folders, ...others } = left;
  assert.deepEqual(folders.filter(path => !path.startsWith('logs/')), []);
  for (const [kind, found] of Object.entries(others)) assert.deepEqual(found, [], kind);
});

interface Known {
  readonly id: string;
  /** What clients were told of its history. */
  told: readonly { value: string; timestamp: string }[];
  terminateAcknowledged: boolean;
}

class Chaos {
  readonly #server: TestServer;
  readonly #random: SeededRandom;
  readonly #context: TestContext;
  readonly #known = new Map<string, Known>();
  readonly #restartMs: number[] = [];
  readonly #startedAt: number[] = [];
  readonly #killedAt: number[] = [];
  #actions = 0;
  #unanswered = 0;
  #longestSettleMs = 0;

  constructor(server: TestServer, random: SeededRandom, context: TestContext) {
    this.#server = server;
    this.#random = random;
    this.#context = context;
  }

  ids(): string[] {
    return [...this.#known.keys()];
  }

  summary(): string {
    const average = this.#restartMs.reduce((sum, ms) => sum + ms, 0) / this.#restartMs.length;
    return (
      `${this.#actions} requests (${this.#unanswered} cut off), ${this.#known.size} acknowledged backends, ` +
      `restart ${Math.round(average)} ms (at most ${Math.max(...this.#restartMs)} ms), ` +
      `all settled after at most ${this.#longestSettleMs} ms`
    );
  }

  async round(): Promise<void> {
    await this.#disturbAndKill();
    if (this.#random.chance(0.25)) await this.#killWhileStarting();
    const from = performance.now();
    this.#startedAt.push(Date.now());
    await this.#server.start();
    this.#restartMs.push(Math.round(performance.now() - from));
    await this.#everythingSettles();
    this.#longestSettleMs = Math.max(this.#longestSettleMs, Math.round(performance.now() - from));
    await this.#acknowledgedExists();
    await this.#processesAreAsReported();
    await this.#locksHaveOneHolder();
    this.#historiesGoForward();
    await this.#nothingIsLeftBehind();
    assert.deepEqual(this.#server.stderr.filter(line => line.includes('"fault"')), []);
  }

  // --- Disturbing --------------------------------------------------------------------------------------------

  async #disturbAndKill(): Promise<void> {
    const random = this.#random;
    const actions = Array.from({ length: random.between(10, 24) }, () => this.#planAction());
    /** Right after this action was sent; without one, at a moment of its own. */
    const last = random.chance(0.5) ? random.pick(actions) : undefined;
    const killAfterMs = random.between(20, 500);
    const done = actions.map(async action => {
      await delay(action.afterMs);
      if (!this.#server.running) return;
      const answered = this.#attempt(action.run);
      if (action === last) {
        await delay(random.between(0, 8));
        this.#kill();
      }
      await answered;
    });
    await delay(last === undefined ? killAfterMs : 400);
    this.#kill();
    await Promise.all(done);
    await this.#server.kill();
    assert.deepEqual(this.#server.stderr.filter(line => line.includes('"fault"')), []);
  }

  #kill(): void {
    if (!this.#server.running) return;
    this.#killedAt.push(Date.now());
    process.kill(this.#server.pid, 'SIGKILL');
  }

  async #killWhileStarting(): Promise<void> {
    const afterMs = this.#random.between(0, 900);
    const started = this.#server.start().catch(() => {});
    await delay(afterMs);
    this.#kill();
    await started;
    await this.#server.kill();
  }

  #planAction(): { afterMs: number; run: () => Promise<void> } {
    const random = this.#random;
    const afterMs = random.between(0, 150);
    const live = [...this.#known.values()].filter(({ told }) => !endStates.has(told.at(-1)?.value ?? ''));
    const victim = random.pick(live);
    // The more there are, the more are ended.
    if (victim !== undefined && random.chance(0.3 + live.length / 25)) {
      const hard = random.chance(0.4);
      return { afterMs, run: () => this.#terminate(victim, hard) };
    }
    const service = random.pick(Object.keys(services)) ?? '';
    const lock = random.chance(0.5) ? random.pick(locks) : undefined;
    const thenEnd = random.chance(0.25) ? random.between(0, 80) : undefined;
    const hard = random.chance(0.5);
    return {
      afterMs,
      run: async () => {
        const { known, spawned } = await this.#spawn(service, lock);
        if (thenEnd === undefined || !spawned) return;
        await delay(thenEnd);
        await this.#terminate(known, hard);
      },
    };
  }

  async #attempt(run: () => Promise<void>): Promise<void> {
    this.#actions += 1;
    try {
      await run();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNRESET' && code !== 'ECONNREFUSED' && code !== 'EPIPE') throw error;
      this.#unanswered += 1;
    }
  }

  async #spawn(service: string, lock: string | undefined): Promise<{ known: Known; spawned: boolean }> {
    const answer = await this.#server.api(`/user/admin/service/${service}/spawn`, {
      body: { ...(lock !== undefined && { lock }) },
    });
    const { name: id, spawned } = answer.ok<SpawnResult>();
    const known = this.#known.get(id) ?? { id, told: [], terminateAcknowledged: false };
    this.#known.set(id, known);
    return { known, spawned };
  }

  async #terminate(known: Known, hard: boolean): Promise<void> {
    const answer = await new TestBackend(this.#server, { name: known.id } as SpawnResult).terminate({ hard });
    if (answer.status === 409) return; // it has ended by itself
    answer.ok();
    known.terminateAcknowledged = true;
  }

  // --- Looking -----------------------------------------------------------------------------------------------

  /** Every backend is ready or has ended in bounded time; those that were told to end have ended. */
  async #everythingSettles(): Promise<void> {
    const deadline = performance.now() + settleMs;
    for (;;) {
      const restless = [...histories(this.#server.dataDir)].filter(([id, history]) => {
        const doomed = this.#known.get(id)?.terminateAcknowledged || /^(exit|fail)/.test(history.service);
        const status = statusOf(history);
        return status !== 'terminated' && (status !== 'ready' || doomed);
      });
      if (restless.length === 0) return;
      if (performance.now() > deadline) {
        const text = restless.map(([id, { steps }]) => `${id}: ${steps.map(({ status }) => status).join(', ')}`);
        assert.fail(`stuck: ${text.join('; ')}`);
      }
      await delay(20);
    }
  }

  async #acknowledgedExists(): Promise<void> {
    for (const known of this.#known.values()) {
      const { statuses } = (await this.#server.api(`/backend/${known.id}`)).ok<{ statuses: Known['told'] }>();
      assert.deepEqual(statuses.slice(0, known.told.length), known.told, `history of ${known.id}`);
      known.told = statuses;
      const state = statuses.at(-1)?.value ?? '';
      if (known.terminateAcknowledged) assert.ok(endStates.has(state), `${known.id} is ${state}`);
      if (state === 'Lost') assert.fail(`${known.id} is lost: ${this.#describe(known.id)}`);
    }
  }

  /** All that is known of a backend, for the text of a failure. */
  #describe(id: string): string {
    const { service, steps = [] } = histories(this.#server.dataDir).get(id) ?? {};
    const text = steps.map(({ status, at, reason, kind, exitCode }) => JSON.stringify({ status, at, reason, kind, exitCode }));
    return `${service}\n${text.join('\n')}\nstarts: ${this.#startedAt.join(' ')}\nkills: ${this.#killedAt.join(' ')}`;
  }

  async #processesAreAsReported(): Promise<void> {
    const all = histories(this.#server.dataDir);
    await eventually('that the ended have no process', async () => {
      const running = new Set((await containedProcesses(this.#server.dataDir)).map(({ workload }) => workload));
      return [...running].every(id => statusOf(all.get(id)) === 'ready');
    });
    const running = new Set((await containedProcesses(this.#server.dataDir)).map(({ workload }) => workload));
    for (const [id, history] of all) {
      if (statusOf(history) !== 'ready') continue;
      assert.ok(running.has(id), `${id} is ready without a process`);
      const answer = await new TestBackend(this.#server, { name: id } as SpawnResult).request('/');
      assert.equal(answer.status, 200, `${id}: ${answer.text}`);
    }
  }

  async #locksHaveOneHolder(): Promise<void> {
    const { running_backends: live } = (await this.#server.api('/user/admin/backends')).ok<{
      running_backends: { name: string; lock?: string }[];
    }>();
    const holders = live.flatMap(({ lock }) => lock ?? []);
    assert.deepEqual(holders.toSorted(), [...new Set(holders)].toSorted());
    const programs = await containedProcesses(this.#server.dataDir);
    const keys = await Promise.all(programs.map(({ pid }) => keyOf(pid)));
    const held = keys.filter(key => key !== undefined && locks.includes(key));
    assert.deepEqual(held.toSorted(), [...new Set(held)].toSorted(), 'processes with one lock');
    for (const { lock, name } of live) {
      if (lock === undefined) continue;
      assert.deepEqual(await this.#holder(lock), [name, false]);
    }
  }

  async #holder(lock: string): Promise<[string, boolean]> {
    const answer: Answer = await this.#server.api('/user/admin/service/serve/spawn', { body: { lock } });
    const { name, spawned } = answer.ok<SpawnResult>();
    return [name, spawned];
  }

  #historiesGoForward(): void {
    for (const [id, { steps }] of histories(this.#server.dataDir)) {
      for (const [index, step] of steps.entries()) {
        const before = steps[index - 1];
        if (before === undefined) continue;
        const text = `${id}: ${steps.map(({ status, at }) => `${status} ${at}`).join(', ')}`;
        assert.ok(rank(step) > rank(before), text);
        assert.ok(step.at > before.at, text);
      }
    }
  }

  /** What is there belongs to live backends, the pool of namespaces, or what all workloads share. */
  async #nothingIsLeftBehind(): Promise<void> {
    const { dataDir, pid } = this.#server;
    const all = histories(dataDir);
    const live = [...all].filter(([, history]) => statusOf(history) !== 'terminated').map(([id]) => id);
    const sorted = live.toSorted();
    let left: Record<string, unknown> = {};
    const expected = {
      bundles: sorted,
      state: sorted,
      exits: [],
      trash: [],
      strangeLogs: [],
      groups: sorted,
      conmons: sorted,
      otherProcesses: [],
      namespaces: live.length + poolSize,
      interfaces: live.length + poolSize,
      mounts: live.length + poolSize,
    };
    await eventually('that nothing is left behind', async () => {
      const found = await traces(dataDir, { serverPid: pid });
      const inFolder = (name: string) =>
        found.folders.filter(path => path.startsWith(`${name}/`)).map(path => basename(path)).toSorted();
      const conmons = found.processes.filter(command => /^\d+ \S*conmon /.test(command));
      const contained = new Set((await containedProcesses(dataDir)).map(process => String(process.pid)));
      left = {
        bundles: inFolder('oci/bundles'),
        state: inFolder('oci/state'),
        exits: inFolder('oci/exits'),
        trash: inFolder('oci/trash'),
        strangeLogs: inFolder('logs').filter(id => !all.has(id)),
        groups: [...new Set(found.cgroups.filter(path => !basename(path).startsWith('berth-')).map(path => basename(path)))].toSorted(),
        conmons: conmons.map(command => / -c (\S+) /.exec(command)?.[1]).toSorted(),
        otherProcesses: found.processes.filter(
          command => !conmons.includes(command) && !contained.has(command.split(' ', 1)[0] ?? ''),
        ),
        namespaces: found.namespaces.length,
        interfaces: found.interfaces.length,
        mounts: found.mounts.length,
      };
      try {
        assert.deepEqual(left, expected);
        return true;
      } catch {
        return false;
      }
    }, 5_000).catch(() => assert.deepEqual(left, expected));
    this.#context.diagnostic(`${all.size} backends so far, ${live.length} live`);
  }
}

function statusOf(history: History | undefined): string | undefined {
  return history?.steps.at(-1)?.status;
}

function rank({ status }: Step): number {
  return statusOrder[status as keyof typeof statusOrder];
}

/** The lock that a program was started with. */
async function keyOf(pid: number): Promise<string | undefined> {
  const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return /(?:^|\0)SESSION_BACKEND_KEY=([^\0]*)/.exec(variables)?.[1];
}
