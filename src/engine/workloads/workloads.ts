import { setTimeout as delay } from 'node:timers/promises';
import { type ProcessExitEvent, type RecoveredWorkload, reopensLogs } from '../../runtime/runtime.ts';
import { Lifecycle, type LifecycleParts, type LiveWorkload } from './lifecycle.ts';

export type { LiveWorkload } from './lifecycle.ts';

import { RotationPace, shortestLookMs } from './rotation-pace.ts';

/** How long steps that are under way may take to settle when the server stops. */
const closeTimeoutMs = 10_000;

/** All live workloads: gives each its one owner and brings it the news of its end. */
export class Workloads {
  readonly #parts: LifecycleParts;
  readonly #closing = new AbortController();
  readonly #live = new Map<string, { lifecycle: Lifecycle; done: Promise<void> }>();
  readonly #background: Promise<void>[] = [];
  readonly #recovered = Promise.withResolvers<void>();
  readonly #moreLogs: (() => Iterable<string>)[] = [];
  readonly #processListeners: ((exit: ProcessExitEvent) => void)[] = [];

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  /**
   * Takes up the workloads that the store says are live, from whatever the runtime still has of them, and
   * removes what the runtime has of others. Call once, before the first `add`.
   */
  async recover(live: readonly LiveWorkload[]): Promise<{ adopted: number; strays: number }> {
    const { runtime } = this.#parts;
    this.#background.push(this.#watchExits());
    const found = new Map<string, RecoveredWorkload>();
    for (const workload of await runtime.recover()) found.set(workload.id, workload);
    for (const workload of live) {
      this.add(workload, found.get(workload.id));
      found.delete(workload.id);
    }
    await Promise.all([...found.keys()].map(id => runtime.remove(id)));
    this.#recovered.resolve();
    this.#background.push(this.#rotateLogs());
    return { adopted: live.length, strays: found.size };
  }

  /** Gives a workload its owner, which drives it from now on. */
  add(workload: LiveWorkload, found?: RecoveredWorkload): Lifecycle {
    const lifecycle = new Lifecycle(workload, this.#parts);
    const done = lifecycle.run(found).finally(() => this.#live.delete(workload.id));
    this.#live.set(workload.id, { lifecycle, done });
    return lifecycle;
  }

  /** The owner of a live workload. */
  get(id: string): Lifecycle | undefined {
    return this.#live.get(id)?.lifecycle;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Calls back at the end of each durable process, from the recovery on. */
  onProcessExit(listener: (exit: ProcessExitEvent) => void): void {
    this.#processListeners.push(listener);
  }

  /** Rotates the logs of these ids, too; they are asked for each time. */
  alsoRotate(ids: () => Iterable<string>): void {
    this.#moreLogs.push(ids);
  }

  /** Settles when a workload is terminated and its traces are removed; at once when it is not live. */
  async gone(id: string): Promise<void> {
    await this.#live.get(id)?.done;
  }

  /**
   * Lets go. Workloads that can't live without the server are stopped first; the others run on and are
   * adopted at the next start.
   */
  async close(): Promise<void> {
    if (!this.#parts.runtime.capabilities().survivesServer) {
      const owners = [...this.#live.values()];
      await Promise.all(owners.map(({ lifecycle }) => lifecycle.requestStop('external', 'soft')));
      await Promise.all(owners.map(({ done }) => done));
    }
    this.#closing.abort();
    const startUps = [...this.#live.values()].map(({ lifecycle }) => lifecycle.letGo());
    const limit = delay(closeTimeoutMs, undefined, { ref: false });
    await Promise.race([Promise.all([...startUps, ...this.#background]), limit]);
  }

  async #watchExits(): Promise<void> {
    for await (const event of this.#parts.runtime.events(this.#closing.signal)) {
      await this.#recovered.promise;
      if (event.type === 'exit') this.#live.get(event.id)?.lifecycle.exited(event);
      else for (const listener of this.#processListeners) listener(event);
    }
  }

  *#growingLogs(): Generator<string> {
    yield* this.#live.keys();
    for (const ids of this.#moreLogs) yield* ids();
  }

  async #rotateLogs(): Promise<void> {
    const { runtime, logs, reportFault } = this.#parts;
    const { signal } = this.#closing;
    const pace = new RotationPace();
    while (!signal.aborted) {
      for (const id of pace.due(this.#growingLogs())) {
        const reopen = reopensLogs(runtime) ? () => runtime.reopenLog(id) : async () => false;
        await logs.rotate(id, reopen).then(
          bytes => pace.seen(id, bytes),
          error => reportFault(id, error),
        );
      }
      await delay(shortestLookMs, undefined, { signal }).catch(() => {});
    }
  }
}
