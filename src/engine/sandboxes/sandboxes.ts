import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import type { Logs } from '../../logs/logs.ts';
import { hasPersistentRoots, type ImageReference, type Runtime } from '../../runtime/runtime.ts';
import type { Account, Sandbox, SandboxSettings, SandboxStore } from '../../store/store.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import type { Journal } from '../events.ts';
import type { Workloads } from '../workloads/workloads.ts';
import { preparePrivateFolder, type SandboxLayout } from './layout.ts';
import { SandboxLimitError } from './limit-error.ts';
import type { SandboxLimits } from './limits.ts';
import { LiveSandbox } from './live-sandbox.ts';
import type { Resident } from './resident.ts';
import { isSandboxName, type NewSandboxRequest, settingsOf } from './sandbox-request.ts';

export interface SandboxesParts {
  readonly store: SandboxStore;
  readonly runtime: Runtime;
  readonly workloads: Workloads;
  readonly journal: Journal;
  readonly limits: SandboxLimits;
  readonly clock: Clock;
  /** What a new sandbox of this account is made from. */
  readonly baseImage: (account: Account) => Promise<ImageReference>;
  readonly layout: SandboxLayout;
  /** Domains that `include: defaults` in a network policy allows. */
  readonly policyDefaults: readonly string[];
  readonly volumes: Volumes;
  readonly logs: Logs;
  /** More that lives in each sandbox. */
  readonly residents: (sandbox: LiveSandbox) => readonly Resident[];
  /** Removes what a deleted sandbox has left outside the store. */
  readonly clear: (sandbox: Sandbox) => Promise<void>;
  readonly reportFault: (subject: string, error: unknown) => string;
}

export interface SandboxCounts {
  readonly running: number;
  readonly warm: number;
  readonly cold: number;
}

/**
 * `healthy` it executes; `hibernated` it is warm or cold; `unhealthy` its runtime does not answer; `error` its last
 * boot failed.
 */
export type SandboxHealth = 'healthy' | 'hibernated' | 'unhealthy' | 'error';

const checkTimeoutMs = 5_000;
const suffixLength = 6;
const minuteMs = 60_000;
/** Nobody knows when an account has room again; so it is not asked for all the time. */
const placeRetryMs = 5_000;
const capacityPollMs = 200;

/** All sandboxes of this server. */
export class Sandboxes {
  readonly #parts: SandboxesParts;
  readonly #byId = new Map<string, LiveSandbox>();
  readonly #byHost = new Map<string, LiveSandbox>();
  readonly #listeners = new Set<(sandbox: LiveSandbox) => void>();
  readonly #closing = new AbortController();
  /** Times of creations in the last minute, by account. */
  readonly #created = new Map<string, number[]>();

  constructor(parts: SandboxesParts) {
    this.#parts = parts;
    parts.workloads.onProcessExit(exit => this.byWorkload(exit.workloadId)?.services.processEnded(exit));
  }

  /** Takes up what the store has, and removes roots that no sandbox has. Call once, after `workloads.recover`. */
  async recover(boots: Awaited<ReturnType<SandboxStore['liveBoots']>>): Promise<void> {
    const { store, runtime, volumes } = this.#parts;
    for (const record of await store.list()) await this.#take(record);
    for (const sandbox of this.#byId.values()) await sandbox.checkpoints.removeStrays();
    await this.#recoverTasks(new Set(boots.map(({ sandboxId }) => sandboxId)));
    for (const boot of boots) this.#byId.get(boot.sandboxId)?.power.adopt(boot);
    for (const id of await volumes.owners('sandbox')) {
      if (!this.#byId.has(id)) await volumes.removeOwner({ kind: 'sandbox', id });
    }
    if (!hasPersistentRoots(runtime)) return;
    for (const root of await runtime.listRoots()) {
      if (!this.#byId.has(root)) await runtime.removeRoot(root);
    }
  }

  /**
   * Makes a sandbox and boots it; resolves when it executes.
   * @throws {BerthError} `invalid`, `already-exists`, `limit-reached`, `rate-limited`, `no-capacity`, `timed-out`
   */
  async create(request: NewSandboxRequest): Promise<LiveSandbox> {
    const { account, name } = request;
    if (!isSandboxName(name)) {
      throw new BerthError(
        'invalid',
        'name: must be 1 to 56 small letters, digits and hyphens, with no hyphen at its ends',
      );
    }
    const settings = settingsOf(request);
    if (this.find(account, name) !== undefined) throw nameTaken(name);
    this.#checkLimits(account);
    if (request.waitForCapacity) await this.#awaitPlace(account, request.signal);
    this.#checkRunning(account);

    const now = this.#parts.clock.now();
    const record: Sandbox = {
      id: randomUUID(),
      accountId: account.id,
      name,
      host: `${name}-${hostSuffix(account)}`,
      image: await this.#parts.baseImage(account),
      settings,
      createdAt: now,
      updatedAt: now,
    };
    if (!(await this.#parts.store.create(record))) throw nameTaken(name);
    const sandbox = await this.#take(record);
    await this.#firstBoot(sandbox);
    return sandbox;
  }

  /** @throws {BerthError} `not-found` */
  get(account: Account, name: string): LiveSandbox {
    const sandbox = this.find(account, name);
    if (sandbox === undefined) throw new BerthError('not-found', 'sandbox not found');
    return sandbox;
  }

  find(account: Account, name: string): LiveSandbox | undefined {
    const found = this.#byHost.get(`${name}-${hostSuffix(account)}`);
    return found?.record.accountId === account.id ? found : undefined;
  }

  /** By the first label of its host at the edge. */
  byHost(host: string): LiveSandbox | undefined {
    return this.#byHost.get(host);
  }

  /** Whose live workload this is. */
  byWorkload(workloadId: string): LiveSandbox | undefined {
    for (const sandbox of this.#byId.values()) {
      if (sandbox.power.workloadId === workloadId) return sandbox;
    }
    return undefined;
  }

  byId(id: string): LiveSandbox | undefined {
    return this.#byId.get(id);
  }

  /** By name. */
  list(account: Account): LiveSandbox[] {
    return [...this.#byId.values()]
      .filter(({ record }) => record.accountId === account.id)
      .sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
  }

  counts(account: Account): SandboxCounts {
    const counts = { running: 0, warm: 0, cold: 0 };
    for (const sandbox of this.list(account)) counts[sandbox.status]++;
    return counts;
  }

  /** Durable. */
  change(sandbox: LiveSandbox, change: (settings: SandboxSettings) => SandboxSettings): Promise<Sandbox> {
    return sandbox.changeSettings(change, this.#parts.clock.now());
  }

  /** Ends what runs in it and removes its files. */
  async delete(sandbox: LiveSandbox): Promise<void> {
    const { record } = sandbox;
    await sandbox.retire();
    await this.#parts.store.delete(record.id);
    this.#byId.delete(record.id);
    this.#byHost.delete(record.host);
    for (const listener of this.#listeners) listener(sandbox);
    // From here on a restart would find the rest, too.
    await this.#parts.clear(record);
  }

  /** Stops it and boots it again. @returns the workload */
  async restart(sandbox: LiveSandbox): Promise<string> {
    await sandbox.power.stop();
    const { workloadId, release } = await sandbox.use();
    release();
    return workloadId;
  }

  /** How it is, asked of the runtime; see {@link SandboxHealth}. */
  async check(sandbox: LiveSandbox): Promise<{ readonly status: SandboxHealth; readonly reason: string }> {
    const { workloadId, state } = sandbox.power;
    const { bootError } = sandbox.record;
    if (bootError !== undefined) return { status: 'error', reason: bootError };
    if (sandbox.status !== 'running' || workloadId === undefined) {
      return { status: 'hibernated', reason: `it is ${sandbox.status}` };
    }
    const limit = delay(checkTimeoutMs, undefined, { ref: false });
    const answered = this.#parts.runtime.stats(workloadId).catch(() => undefined);
    const stats = await Promise.race([answered, limit]);
    if (stats !== undefined || state === 'stopping') return { status: 'healthy', reason: 'it is running' };
    return { status: 'unhealthy', reason: 'its runtime does not answer' };
  }

  /** Calls back whenever the status or record of a sandbox changes, or it is deleted; the returned function ends it. */
  onChange(listener: (sandbox: LiveSandbox) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The server stops; see {@link LiveSandbox.close}. */
  async close(): Promise<void> {
    const closed = [...this.#byId.values()].map(sandbox => sandbox.close());
    this.#closing.abort();
    await Promise.all(closed);
  }

  async #take(record: Sandbox): Promise<LiveSandbox> {
    const { store, volumes } = this.#parts;
    await preparePrivateFolder(volumes, record.id);
    const sandbox = new LiveSandbox(record, await store.services(record.id), {
      ...this.#parts,
      onChange: changed => {
        for (const listener of this.#listeners) listener(changed);
      },
      closing: this.#closing.signal,
    });
    this.#byId.set(record.id, sandbox);
    this.#byHost.set(record.host, sandbox);
    return sandbox;
  }

  /** A task is about one run: of those that have ended nothing is held. */
  async #recoverTasks(live: ReadonlySet<string>): Promise<void> {
    const { store } = this.#parts;
    for (const task of await store.tasks()) {
      if (live.has(task.sandboxId)) this.#byId.get(task.sandboxId)?.tasks.recover([task]);
      else await store.deleteTask(task.sandboxId, task.name);
    }
  }

  async #firstBoot(sandbox: LiveSandbox): Promise<void> {
    const { createTimeoutMs } = this.#parts.limits;
    const release = sandbox.hold();
    try {
      const limit = delay(createTimeoutMs, 'late' as const, { ref: false });
      if ((await Promise.race([sandbox.power.wake(), limit])) !== 'late') return;
      throw new BerthError('timed-out', `the sandbox did not boot within ${createTimeoutMs / 1000} s`);
    } catch (error) {
      await this.delete(sandbox);
      throw error;
    } finally {
      release();
    }
  }

  #checkLimits(account: Account): void {
    const { maxSandboxes, createPerMinute } = this.#parts.limits;
    const current = this.list(account).length;
    if (maxSandboxes > 0 && current >= maxSandboxes) {
      const message = `the account has ${current} sandboxes; its limit is ${maxSandboxes}`;
      throw new SandboxLimitError(message, { limit: maxSandboxes, current, retryAfterMs: placeRetryMs });
    }
    if (createPerMinute === 0) return;
    const now = this.#parts.clock.now().getTime();
    const recent = (this.#created.get(account.id) ?? []).filter(at => at > now - minuteMs);
    if (recent.length >= createPerMinute) {
      throw new SandboxLimitError(`${createPerMinute} sandboxes a minute are the limit`, {
        limit: createPerMinute,
        current: recent.length,
        windowMs: minuteMs,
        retryAfterMs: (recent.at(-createPerMinute) ?? now) + minuteMs - now,
      });
    }
    this.#created.set(account.id, [...recent, now]);
  }

  #checkRunning(account: Account): void {
    const { maxRunning } = this.#parts.limits;
    const current = this.counts(account).running;
    if (maxRunning === 0 || current < maxRunning) return;
    const message = `the account has ${current} running sandboxes; its limit is ${maxRunning}`;
    throw new SandboxLimitError(message, { limit: maxRunning, current, retryAfterMs: placeRetryMs });
  }

  async #awaitPlace(account: Account, signal?: AbortSignal): Promise<void> {
    const { maxRunning, capacityWaitMs } = this.#parts.limits;
    const deadline = performance.now() + capacityWaitMs;
    while (maxRunning > 0 && this.counts(account).running >= maxRunning) {
      if (performance.now() > deadline || signal?.aborted) return;
      await delay(capacityPollMs);
    }
  }
}

/** Stable for an account, so that its sandboxes' hosts are, and those of two accounts differ. */
function hostSuffix(account: Account): string {
  const digest = createHash('sha256').update(account.id).digest();
  return BigInt(`0x${digest.toString('hex')}`)
    .toString(36)
    .slice(0, suffixLength);
}

function nameTaken(name: string): BerthError {
  return new BerthError('already-exists', `sandbox ${name} exists already`);
}
