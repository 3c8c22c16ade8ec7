import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { statusOrder } from '../../src/engine/workloads/status.ts';
import { eventually, type SpawnResult, TestBackend, type TestServer } from '../support/index.ts';
import { type Chaos, endsByItself, locks } from './chaos.ts';
import { type History, histories, type Step } from './journal.ts';
import { containedProcesses, traces } from './traces.ts';

const pollMs = 20;
/** How long clean-up may go on after the last status. */
const cleanUpMs = 40_000;

interface V1Status {
  readonly value: string;
  readonly timestamp: string;
}

export interface OutsideViewOptions {
  /** Namespaces that the server keeps ready. */
  readonly poolSize: number;
  /** How long anything may be on its way. */
  readonly settleMs: number;
}

/** Looks at a server after a kill: what it tells, and what is there on the machine, must fit together. */
export class OutsideView {
  readonly #server: TestServer;
  readonly #chaos: Chaos;
  readonly #options: OutsideViewOptions;
  /** What clients were told at the last look, by backend. */
  readonly #told = new Map<string, readonly V1Status[]>();

  constructor(server: TestServer, chaos: Chaos, options: OutsideViewOptions) {
    this.#server = server;
    this.#chaos = chaos;
    this.#options = options;
  }

  /** Every backend is ready or has ended in bounded time; those that were told to end have ended. */
  async everythingSettles(): Promise<void> {
    const doomed = new Set(
      this.#chaos.acknowledged.filter(({ terminated }) => terminated).map(({ backend }) => backend.id),
    );
    const isSettled = ([id, history]: [string, History]) => {
      if (statusOf(history) === 'terminated') return true;
      return statusOf(history) === 'ready' && !doomed.has(id) && !endsByItself(history.service);
    };
    const deadline = performance.now() + this.#options.settleMs;
    for (;;) {
      const restless = [...this.#histories()].filter(entry => !isSettled(entry));
      if (restless.length === 0) return;
      if (performance.now() > deadline)
        assert.fail(`stuck: ${restless.map(([id]) => this.#describe(id)).join()}`);
      await delay(pollMs);
    }
  }

  async check(): Promise<void> {
    await this.#acknowledgedExists();
    await this.#programsRanOnce();
    await this.#processesAreAsReported();
    await this.#locksHaveOneHolder();
    this.#historiesGoForward();
    await this.#nothingIsLeftBehind();
    assert.deepEqual(this.#server.faults, []);
  }

  /** With the history that clients were told before, and with the end that they asked for. */
  async #acknowledgedExists(): Promise<void> {
    for (const { backend, terminated } of this.#chaos.acknowledged) {
      const { id } = backend;
      const { statuses } = (await this.#server.api(`/backend/${id}`)).ok<{ statuses: V1Status[] }>();
      const told = this.#told.get(id) ?? [];
      assert.deepEqual(statuses.slice(0, told.length), told, `history of ${id}`);
      this.#told.set(id, statuses);
      if (terminated) assert.equal(statusOf(this.#histories().get(id)), 'terminated', id);
      assert.notEqual(statuses.at(-1)?.value, 'Lost', this.#describe(id));
    }
  }

  /** Whatever had to be made again, no program was started twice, and its log has all that it wrote. */
  async #programsRanOnce(): Promise<void> {
    for (const [id, history] of this.#histories()) {
      const lines = await this.#backend(id).log('?follow=false');
      const said = lines.filter(line => !line.startsWith('berth: '));
      const wasReady = history.steps.some(({ status }) => status === 'ready');
      if (wasReady) assert.deepEqual(lines, ['listening'], this.#describe(id));
      else assert.ok(said.length <= 1, `${said.join()}: ${this.#describe(id)}`);
    }
  }

  async #processesAreAsReported(): Promise<void> {
    const all = this.#histories();
    let running = new Set<string>();
    await eventually('that the ended have no process', async () => {
      running = new Set((await containedProcesses(this.#server.dataDir)).map(({ workload }) => workload));
      return [...running].every(id => statusOf(all.get(id)) === 'ready');
    });
    for (const [id, history] of all) {
      if (statusOf(history) !== 'ready') continue;
      assert.ok(running.has(id), `${id} is ready without a process`);
      const answer = await this.#backend(id).request('/');
      assert.equal(answer.status, 200, `${id}: ${answer.text}`);
    }
  }

  /** As the API tells, as programs were told, and as the next one who asks is told. */
  async #locksHaveOneHolder(): Promise<void> {
    const { running_backends: live } = (await this.#server.api('/user/admin/backends')).ok<{
      running_backends: { name: string; lock?: string }[];
    }>();
    const programs = await containedProcesses(this.#server.dataDir);
    const keys = await Promise.all(programs.map(({ pid }) => keyOf(pid)));
    for (const lock of locks) {
      const [holder, ...others] = live.filter(backend => backend.lock === lock);
      assert.deepEqual(others, []);
      assert.ok(keys.filter(key => key === lock).length <= 1, `two processes with the lock ${lock}`);
      if (holder === undefined) continue;
      const answer = await this.#server.api('/user/admin/service/serve/spawn', { body: { lock } });
      const { name, spawned } = answer.ok<SpawnResult>();
      assert.deepEqual([name, spawned], [holder.name, false]);
    }
  }

  #historiesGoForward(): void {
    for (const [id, { steps }] of this.#histories()) {
      for (const [index, step] of steps.entries()) {
        const before = steps[index - 1];
        if (before === undefined) continue;
        assert.ok(rank(step) > rank(before), this.#describe(id));
        assert.ok(step.at > before.at, this.#describe(id));
      }
    }
  }

  /** What is there belongs to live backends, to the pool, or to what all workloads share. */
  async #nothingIsLeftBehind(): Promise<void> {
    const all = this.#histories();
    const live = [...all].filter(([, history]) => statusOf(history) !== 'terminated').map(([id]) => id);
    const namespaces = live.length + this.#options.poolSize;
    const expected = {
      bundles: sorted(live),
      state: sorted(live),
      exits: [],
      trash: [],
      strangeLogs: [],
      cgroups: sorted(live),
      conmons: sorted(live),
      otherProcesses: [],
      namespaces,
      interfaces: namespaces,
      mounts: namespaces,
    };
    let found: object = {};
    await eventually(
      'that nothing is left behind',
      async () => {
        found = await this.#remains(all);
        return JSON.stringify(found) === JSON.stringify(expected);
      },
      cleanUpMs,
    ).catch(() => assert.deepEqual(found, expected));
  }

  async #remains(all: ReadonlyMap<string, History>): Promise<object> {
    const { dataDir, pid } = this.#server;
    const { folders, cgroups, processes, namespaces, interfaces, mounts } = await traces(dataDir, {
      serverPid: pid,
    });
    const inFolder = (name: string) =>
      sorted(folders.filter(path => path.startsWith(`${name}/`)).map(path => basename(path)));
    const contained = new Set((await containedProcesses(dataDir)).map(process => String(process.pid)));
    const conmons = processes.filter(command => /^\d+ \S*conmon /.test(command));
    const strangers = processes.filter(
      command => !conmons.includes(command) && !contained.has(command.split(' ', 1)[0] ?? ''),
    );
    return {
      bundles: inFolder('oci/bundles'),
      state: inFolder('oci/state'),
      exits: inFolder('oci/exits'),
      trash: inFolder('oci/trash'),
      strangeLogs: inFolder('logs').filter(id => !all.has(id)),
      cgroups: sorted(
        new Set(cgroups.map(path => basename(path)).filter(name => !name.startsWith('berth-'))),
      ),
      conmons: sorted(conmons.map(command => / -c (\S+) /.exec(command)?.[1] ?? command)),
      otherProcesses: strangers,
      namespaces: namespaces.length,
      interfaces: interfaces.length,
      mounts: mounts.length,
    };
  }

  #histories(): Map<string, History> {
    return histories(this.#server.dataDir);
  }

  #backend(id: string): TestBackend {
    return new TestBackend(this.#server, { name: id } as SpawnResult);
  }

  /** All that is known of a backend, for the text of a failure. */
  #describe(id: string): string {
    const { service, steps = [] } = this.#histories().get(id) ?? {};
    const lines = steps.map(step => JSON.stringify(step));
    return [`${id} of ${service}`, ...lines, ...this.#chaos.moments.slice(-6)].join('\n');
  }
}

function statusOf(history: History | undefined): string | undefined {
  return history?.steps.at(-1)?.status;
}

function rank({ status }: Step): number {
  return statusOrder[status as keyof typeof statusOrder];
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort((a, b) => a.localeCompare(b));
}

/** The lock that a program was started with. */
async function keyOf(pid: number): Promise<string | undefined> {
  const variables = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return /(?:^|\0)SESSION_BACKEND_KEY=([^\0]*)/.exec(variables)?.[1];
}
