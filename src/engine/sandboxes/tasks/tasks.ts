import type { Clock } from '../../../lib/clock.ts';
import { BerthError } from '../../../lib/errors.ts';
import { Turns } from '../../../lib/turns.ts';
import type { SandboxStore, SandboxTask } from '../../../store/store.ts';
import type { LiveSandbox } from '../live-sandbox.ts';
import type { Resident } from '../resident.ts';

export interface TasksParts {
  readonly sandbox: LiveSandbox;
  readonly store: Pick<SandboxStore, 'putTask' | 'deleteTask'>;
  readonly clock: Clock;
  readonly reportFault: (subject: string, error: unknown) => string;
}

interface Held {
  task: SandboxTask;
  readonly release: () => void;
  timer: NodeJS.Timeout;
}

export const longestTaskMs = 3_600_000;
const maxTasks = 256;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const turn = 'tasks';

/** Holds on the current run of a sandbox: while there is one it is neither paused nor stopped for idleness. */
export class Tasks implements Resident {
  readonly #parts: TasksParts;
  readonly #held = new Map<string, Held>();
  readonly #turns = new Turns();

  constructor(parts: TasksParts) {
    this.#parts = parts;
  }

  /** Takes up what was held before a restart of the server. */
  recover(tasks: readonly SandboxTask[]): void {
    for (const task of tasks) this.#hold(task);
  }

  /** By name. */
  list(): SandboxTask[] {
    return [...this.#held.values()].map(({ task }) => task).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws {BerthError} `not-found` */
  get(name: string): SandboxTask {
    const held = this.#held.get(name);
    if (held === undefined) throw new BerthError('not-found', `there is no task ${JSON.stringify(name)}`);
    return held.task;
  }

  /**
   * Durable. Makes a task, or lets it go on for longer.
   * @param forMs from now on, up to {@link longestTaskMs}
   * @param onlyNew refuses a name that is taken
   * @throws {BerthError} `invalid`, `already-exists`, `limit-reached`
   */
  put(name: string, forMs: number, onlyNew = false): Promise<SandboxTask> {
    if (!namePattern.test(name)) {
      throw new BerthError(
        'invalid',
        `name: must be 1 to 128 letters, digits and ._- (${namePattern.source})`,
      );
    }
    if (!(forMs > 0 && forMs <= longestTaskMs)) {
      throw new BerthError('invalid', 'expire: must be more than nothing and at most 1h');
    }
    return this.#turns.run(turn, async () => {
      const before = this.#held.get(name);
      if (before !== undefined && onlyNew) {
        throw new BerthError('already-exists', `there is a task ${name} already`);
      }
      if (before === undefined && this.#held.size >= maxTasks) {
        throw new BerthError('limit-reached', `a sandbox may have ${maxTasks} tasks`);
      }
      const { store, clock, sandbox } = this.#parts;
      const now = clock.now();
      const task = {
        sandboxId: sandbox.record.id,
        name,
        startedAt: before?.task.startedAt ?? now,
        expiresAt: new Date(now.getTime() + forMs),
      };
      if (!(await store.putTask(task))) throw new BerthError('not-found', 'sandbox not found');
      this.#hold(task);
      return task;
    });
  }

  /** Durable. @throws {BerthError} `not-found` */
  delete(name: string): Promise<void> {
    return this.#turns.run(turn, async () => {
      this.get(name);
      await this.#end(name);
    });
  }

  /** They were about the run that has ended. */
  ended(): void {
    for (const name of this.#held.keys()) this.#endLater(name);
  }

  close(): void {
    for (const { timer } of this.#held.values()) clearTimeout(timer);
  }

  #hold(task: SandboxTask): void {
    const before = this.#held.get(task.name);
    clearTimeout(before?.timer);
    const release = before?.release ?? this.#parts.sandbox.hold();
    const leftMs = Math.max(0, task.expiresAt.getTime() - this.#parts.clock.now().getTime());
    const timer = setTimeout(() => this.#endLater(task.name, task), leftMs).unref();
    this.#held.set(task.name, { task, release, timer });
  }

  /** @param expired the task whose time is over: one that was refreshed meanwhile stays */
  #endLater(name: string, expired?: SandboxTask): void {
    void this.#turns
      .run(turn, async () => {
        if (expired !== undefined && this.#held.get(name)?.task !== expired) return;
        await this.#end(name);
      })
      .catch(error => this.#parts.reportFault(this.#parts.sandbox.record.id, error));
  }

  async #end(name: string): Promise<void> {
    const held = this.#held.get(name);
    if (held === undefined) return;
    clearTimeout(held.timer);
    this.#held.delete(name);
    held.release();
    await this.#parts.store.deleteTask(this.#parts.sandbox.record.id, name);
  }
}
