import type { Clock } from '../../../lib/clock.ts';
import { BerthError } from '../../../lib/errors.ts';
import {
  type Checkpointable,
  isCheckpointable,
  isPausable,
  type Runtime,
  RuntimeError,
} from '../../../runtime/runtime.ts';
import type { SandboxCheckpoint, SandboxStore } from '../../../store/store.ts';
import type { LiveSandbox } from '../live-sandbox.ts';

export interface CheckpointsParts {
  readonly sandbox: LiveSandbox;
  readonly runtime: Runtime;
  readonly store: Pick<SandboxStore, 'nextCheckpoint' | 'addCheckpoint' | 'checkpoints' | 'deleteCheckpoint'>;
  readonly clock: Clock;
  /** Fires when the server stops. */
  readonly closing: AbortSignal;
  readonly reportFault: (subject: string, error: unknown) => string;
}

/** Something that goes on whether anybody waits for it or not. */
export interface Operation<Result> {
  readonly done: Promise<Result>;
}

const maxCommentBytes = 4_096;

/** Copies of the files of one sandbox; one operation at a time. */
export class Checkpoints {
  readonly #parts: CheckpointsParts;
  #isBusy = false;

  constructor(parts: CheckpointsParts) {
    this.#parts = parts;
  }

  /** Newest first. */
  list(): Promise<SandboxCheckpoint[]> {
    return this.#parts.store.checkpoints(this.#id);
  }

  /** @throws {BerthError} `not-found` */
  async get(number: number): Promise<SandboxCheckpoint> {
    const found = (await this.list()).find(checkpoint => checkpoint.number === number);
    if (found === undefined) throw new BerthError('not-found', `there is no checkpoint v${number}`);
    return found;
  }

  /**
   * Begins to copy the files as they are now; the sandbox stands still for the end of it. `done` may reject with
   * `no-capacity`.
   * @throws {BerthError} `invalid`, `unsupported`, `lock-busy`
   */
  create(comment?: string): Operation<SandboxCheckpoint> {
    if (comment !== undefined && Buffer.byteLength(comment) > maxCommentBytes) {
      throw new BerthError('invalid', `comment: has more than ${maxCommentBytes} bytes`);
    }
    return this.#alone(async runtime => {
      const { sandbox, store, clock, closing } = this.#parts;
      const { workloadId, release } = await sandbox.use();
      try {
        const number = await store.nextCheckpoint(this.#id);
        if (number === undefined) throw new BerthError('not-found', 'sandbox not found');
        const source = sandbox.record.checkpoint;
        await runtime.createCheckpoint(this.#id, nameOf(number), {
          signal: closing,
          ...(source !== undefined && { since: nameOf(source) }),
          ...standStill(this.#parts, workloadId),
        });
        const checkpoint: SandboxCheckpoint = {
          sandboxId: this.#id,
          number,
          createdAt: clock.now(),
          ...(comment !== undefined && comment !== '' && { comment }),
          ...(source !== undefined && { source }),
        };
        await store.addCheckpoint(checkpoint);
        await sandbox.change({ checkpoint: number });
        return checkpoint;
      } finally {
        release();
      }
    });
  }

  /**
   * Begins to end what runs, put the files back, and boot anew. Interrupted, they are as they were or as the
   * checkpoint. `done` may reject with `not-found`, `no-capacity`.
   * @throws {BerthError} `unsupported`, `lock-busy`
   */
  restore(number: number): Operation<void> {
    return this.#alone(async runtime => {
      await this.get(number);
      const { sandbox } = this.#parts;
      const release = sandbox.hold();
      try {
        await sandbox.power.rebuild(async () => {
          await runtime.restoreCheckpoint(this.#id, nameOf(number));
          await sandbox.change({ checkpoint: number });
        });
      } finally {
        release();
      }
    });
  }

  /** @throws {BerthError} `not-found`; `forbidden` for the one that the files descend from; `lock-busy` */
  async delete(number: number): Promise<void> {
    await this.get(number);
    const { done } = this.#alone(async runtime => {
      const { sandbox, store } = this.#parts;
      if (sandbox.record.checkpoint === number) {
        throw new BerthError('forbidden', `v${number} is what the files descend from`);
      }
      await store.deleteCheckpoint(this.#id, number);
      await runtime.removeCheckpoint(this.#id, nameOf(number));
    });
    await done;
  }

  /** Removes copies that a killed server has not noted, or has not removed. */
  async removeStrays(): Promise<void> {
    const { runtime } = this.#parts;
    if (!isCheckpointable(runtime)) return;
    const found = await runtime.listCheckpoints(this.#id);
    if (found.length === 0) return;
    const known = new Set((await this.list()).map(({ number }) => nameOf(number)));
    for (const name of found) if (!known.has(name)) await runtime.removeCheckpoint(this.#id, name);
  }

  get #id(): string {
    return this.#parts.sandbox.record.id;
  }

  #alone<Result>(task: (runtime: Checkpointable) => Promise<Result>): Operation<Result> {
    const { runtime } = this.#parts;
    if (!isCheckpointable(runtime)) {
      throw new BerthError('unsupported', `the ${runtime.name} runtime makes no checkpoints`);
    }
    if (this.#isBusy) throw new BerthError('lock-busy', 'another checkpoint is being made or restored');
    this.#isBusy = true;
    const done = this.#run(task, runtime).finally(() => {
      this.#isBusy = false;
    });
    done.catch(() => {}); // told to whoever waits for it
    return { done };
  }

  async #run<Result>(
    task: (runtime: Checkpointable) => Promise<Result>,
    runtime: Checkpointable,
  ): Promise<Result> {
    try {
      return await task(runtime);
    } catch (error) {
      if (error instanceof BerthError) throw error;
      if (error instanceof RuntimeError) throw new BerthError('no-capacity', error.message, { cause: error });
      this.#parts.reportFault(this.#id, error);
      throw error;
    }
  }
}

/** What changes while the copy is made is copied again while nothing can change. */
function standStill({ runtime, sandbox }: CheckpointsParts, workloadId: string) {
  if (!isPausable(runtime)) return {};
  return {
    pause: () => {
      sandbox.pausing();
      return runtime.pause(workloadId);
    },
    resume: () => runtime.resume(workloadId).finally(() => sandbox.resumed()),
  };
}

function nameOf(number: number): string {
  return `v${number}`;
}
