import { setTimeout as delay } from 'node:timers/promises';
import type { Logs } from '../../logs/logs.ts';
import {
  type ImageReference,
  type PreparedImage,
  pinsImages,
  type RecoveredWorkload,
  type Runtime,
  RuntimeError,
  type WorkloadAddress,
  type WorkloadExit,
} from '../../runtime/runtime.ts';
import type { NewStatus, StatusEntry, WorkloadPlan } from '../../store/store.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import type { Journal } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import { openMounts } from './mounts.ts';
import { waitUntilAccepting } from './readiness.ts';
import { type EndReason, isEnding, type StopKind, type WorkloadStatus } from './status.ts';
import { unenforcedLimits } from './unenforced-limits.ts';

/** A workload that has not ended, as the store has it. */
export interface LiveWorkload {
  readonly id: string;
  readonly plan: WorkloadPlan;
  readonly latest: StatusEntry;
  /** Of the image that it runs from, where that was resolved before. */
  readonly imageDigest?: string;
}

export interface LifecycleParts {
  readonly runtime: Runtime;
  readonly journal: Journal;
  readonly logs: Logs;
  readonly volumes: Volumes;
  readonly limits: EngineLimits;
  /** Takes a failure of Berth itself; returns the id under which the server's log has it. */
  readonly reportFault: (workloadId: string, error: unknown) => string;
}

/** A killed workload that is still there after this long is killed again. */
const killRetryMs = 5_000;
/** Pause before the end of a workload is written again after the store refused it. */
const writeRetryMs = 1_000;

/**
 * The one owner of a workload: drives it from its present status to `terminated`. Each step is in the journal
 * before its effect can be seen, so that after a crash another owner goes on from there.
 */
export class Lifecycle {
  readonly id: string;
  /** Fires when the workload is `terminated`: nothing is written to its log any more. */
  readonly ended: AbortSignal;
  readonly #plan: WorkloadPlan;
  readonly #parts: LifecycleParts;
  readonly #end = new AbortController();
  /** Fires when starting up is to be given up: a stop was asked for, the program has ended, the server stops. */
  readonly #giveUp = new AbortController();
  readonly #startedUp = Promise.withResolvers<void>();
  readonly #exit = Promise.withResolvers<WorkloadExit>();
  #latest: StatusEntry;
  #imageDigest: string | undefined;
  #address: WorkloadAddress | undefined;
  #stopSignal: NodeJS.Signals = 'SIGTERM';
  /** The program was started: its end will be told by the runtime. */
  #started = false;
  /** The server stops: the workload is left as it is, for the next start to adopt. */
  #letGo = false;
  #delivered: StopKind | undefined;
  #killRetry: NodeJS.Timeout | undefined;
  /** Why it did not go as planned, for its log; written when the program has ended and writes there no more. */
  #cause: string | undefined;

  constructor(workload: LiveWorkload, parts: LifecycleParts) {
    this.id = workload.id;
    this.#plan = workload.plan;
    this.#latest = workload.latest;
    this.#imageDigest = workload.imageDigest;
    this.#parts = parts;
    this.ended = this.#end.signal;
    if (isEnding(workload.latest.status)) this.#giveUp.abort();
  }

  get latest(): StatusEntry {
    return this.#latest;
  }

  /** Why it did not go as planned, as far as its owner may know. */
  get failure(): string | undefined {
    return this.#cause;
  }

  /** Where the program is reached; known from `waiting` on. */
  get address(): WorkloadAddress | undefined {
    return this.#address;
  }

  /**
   * Drives the workload to its end; settles when its traces are removed. Call once.
   * @param found what the runtime found of it after a restart of the server
   */
  async run(found?: RecoveredWorkload): Promise<void> {
    const failure = await this.#startUp(found).catch(error => this.#explain(error));
    this.#startedUp.resolve();
    if (this.#letGo) return;
    try {
      const exit = this.#started ? await this.#awaitExit(failure) : undefined;
      await this.#writeEnd(failure, exit);
      // What it wrote since the last look is kept for days: only as much as the bound allows.
      await this.#parts.logs.rotate(this.id, async () => false);
      this.#end.abort();
      await this.#parts.runtime.remove(this.id);
    } catch (error) {
      if (!this.#letGo) this.#parts.reportFault(this.id, error);
    } finally {
      clearInterval(this.#killRetry);
    }
  }

  /** The server stops: nothing more is done about the workload. @returns when what is under way has settled */
  letGo(): Promise<void> {
    this.#letGo = true;
    this.#giveUp.abort();
    return this.#startedUp.promise;
  }

  /** The runtime saw it end. */
  exited(exit: WorkloadExit): void {
    this.#exit.resolve(exit);
    this.#giveUp.abort();
  }

  /**
   * Asks it to end; resolves when the request is written and delivered. A further request only matters when
   * it is the first hard one.
   * @returns false when it has ended already
   */
  async requestStop(reason: EndReason, kind: StopKind): Promise<boolean> {
    if (this.#latest.status === 'terminated') return false;
    const status = kind === 'hard' ? 'hard-terminating' : 'terminating';
    await this.#step(status, { reason: this.#latest.reason ?? reason, kind });
    this.#giveUp.abort();
    if (this.#started) await this.#deliverStop();
    return true;
  }

  // --- Starting ----------------------------------------------------------------------------------------------

  /** From the present status to `ready`, as far as nothing interrupts. */
  async #startUp(found: RecoveredWorkload | undefined): Promise<EndReason | undefined> {
    if (found !== undefined) this.#adopt(found);
    else if (this.#latest.status === 'waiting' || this.#latest.status === 'ready') return 'lost';

    if (this.#latest.status === 'scheduled') await this.#step('loading');
    if (this.#latest.status === 'loading') {
      const image = await this.#load();
      await this.#step('starting');
      await this.#create(image);
    } else if (this.#latest.status === 'starting' && found === undefined) {
      await this.#create(await this.#load());
    }
    if (this.#latest.status === 'starting' && !this.#started) await this.#start();
    if (this.#latest.status === 'starting' && this.#started) await this.#step('waiting');
    if (this.#latest.status === 'waiting') await this.#becomeReady();
    return undefined;
  }

  #adopt(found: RecoveredWorkload): void {
    this.#started = found.state !== 'created';
    if (found.state === 'exited') {
      this.exited(found);
      return;
    }
    this.#address = found.address;
    this.#stopSignal = found.stopSignal ?? this.#stopSignal;
  }

  async #load(): Promise<PreparedImage> {
    const limitMs = this.#parts.limits.loadTimeoutMs;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), limitMs);
    const signal = AbortSignal.any([timeout.signal, this.#giveUp.signal]);
    try {
      return await this.#parts.runtime.prepare(await this.#pinnedImage(), { signal });
    } catch (error) {
      if (!timeout.signal.aborted) throw error;
      throw new RuntimeError('image-error', `the image could not be made ready within ${limitMs / 1000} s`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What its reference meant when it was first looked at: a tag may be moved while it is made, or made again. */
  async #pinnedImage(): Promise<ImageReference> {
    const { runtime, journal } = this.#parts;
    const { image } = this.#plan;
    if (image.kind === 'host' || !pinsImages(runtime)) return image;
    if (this.#imageDigest === undefined) {
      const digest = await runtime.resolve(image);
      this.#imageDigest = digest && (await journal.noteImage(this.id, digest));
    }
    return this.#imageDigest === undefined ? image : { ...image, reference: this.#imageDigest };
  }

  async #create(image: PreparedImage): Promise<void> {
    if (this.#giveUp.signal.aborted) return;
    const { image: _, identity: __, mounts: planned, ...spec } = this.#plan;
    const { runtime, volumes } = this.#parts;
    this.#stopSignal = image.config.stopSignal;
    await using open =
      planned && (await openMounts(planned, volumes, { bound: runtime.capabilities().mounts }));
    this.#address = await runtime.create({
      id: this.id,
      image,
      ...spec,
      ...(open && { env: { ...spec.env, ...open.env }, mounts: open.mounts }),
    });
    const unenforced = unenforcedLimits(spec.limits, runtime.capabilities().limits);
    if (unenforced !== undefined) await this.#note(unenforced);
  }

  async #start(): Promise<void> {
    if (this.#giveUp.signal.aborted) return;
    await this.#parts.runtime.start(this.id);
    this.#started = true;
  }

  async #becomeReady(): Promise<void> {
    if (this.#address === undefined) return;
    if (this.#plan.idle) return this.#step('ready');
    const limitMs = this.#parts.limits.startupTimeoutMs;
    const timeoutMs = limitMs - (Date.now() - this.#latest.at.getTime());
    const signal = this.#giveUp.signal;
    if (await waitUntilAccepting(this.#address, { timeoutMs, signal })) await this.#step('ready');
    else if (!signal.aborted) {
      this.#cause =
        `nothing accepted connections on port ${this.#address.port} within ${limitMs / 1000} s; ` +
        'the program must listen on the port in PORT, at every address (0.0.0.0)';
      await this.requestStop('start-timeout', 'hard');
    }
  }

  // --- Ending ------------------------------------------------------------------------------------------------

  async #awaitExit(failure: EndReason | undefined): Promise<WorkloadExit> {
    if (failure !== undefined) {
      // Berth failed while the program runs: it can't be driven on.
      await this.requestStop(failure, 'hard');
    } else if (isEnding(this.#latest.status)) {
      await this.#deliverStop();
    }
    return this.#exit.promise;
  }

  /** Sends what the latest status asks for, once; the remaining time counts from when it was asked for. */
  async #deliverStop(): Promise<void> {
    const kind = this.#latest.status === 'hard-terminating' ? 'hard' : 'soft';
    if (this.#delivered === 'hard' || this.#delivered === kind) return;
    this.#delivered = kind;
    const { runtime, limits, reportFault } = this.#parts;
    const sinceMs = Date.now() - this.#latest.at.getTime();
    const timeoutMs = Math.max(0, limits.stopGraceMs - sinceMs);
    const kill = { hard: true } as const;
    await runtime.stop(
      this.id,
      kind === 'hard' ? kill : { hard: false, signal: this.#stopSignal, timeoutMs },
    );
    clearInterval(this.#killRetry);
    const retryMs = killRetryMs + (kind === 'hard' ? 0 : timeoutMs);
    this.#killRetry = setInterval(() => {
      runtime.stop(this.id, kill).catch(error => reportFault(this.id, error));
    }, retryMs).unref();
  }

  async #writeEnd(failure: EndReason | undefined, exit: WorkloadExit | undefined): Promise<void> {
    const stopped = isEnding(this.#latest.status) ? this.#latest : undefined;
    if (exit?.outOfMemory) {
      this.#cause = `the memory limit of ${this.#plan.limits.memoryBytes ?? 0} bytes ended it`;
    }
    if (this.#cause !== undefined && stopped?.reason !== 'external') await this.#note(this.#cause);
    const lastStatus = await this.#lastLivingStatus();
    const end = {
      reason: stopped?.reason ?? failure ?? endReason(exit),
      ...(lastStatus && { lastStatus }),
      ...(stopped?.kind && { kind: stopped.kind }),
      // It may have ended while the server was away.
      ...(exit?.exitCode !== undefined && { at: exit.exitedAt, exitCode: exit.exitCode }),
      ...(exit?.outOfMemory && { outOfMemory: true }),
    };
    while (!(await this.#tryWriteEnd(end))) await delay(writeRetryMs, undefined, { ref: false });
  }

  /** A full disk must not leave a lock held for ever: the end is written as soon as it can be. */
  async #tryWriteEnd(end: Partial<NewStatus>): Promise<boolean> {
    try {
      await this.#step('terminated', end);
      return true;
    } catch (error) {
      if (this.#letGo) throw error;
      this.#parts.reportFault(this.id, error);
      return false;
    }
  }

  async #lastLivingStatus(): Promise<WorkloadStatus | undefined> {
    const history = await this.#parts.journal.history(this.id);
    return history.findLast(entry => !isEnding(entry.status))?.status;
  }

  /** Writes a step; where the status machine forbids it (a stop came first), the status stays as it is. */
  async #step(status: WorkloadStatus, fields: Partial<NewStatus> = {}): Promise<void> {
    const entry = await this.#parts.journal.append({ ...fields, workloadId: this.id, status });
    if (entry !== undefined && entry.seq > this.#latest.seq) this.#latest = entry;
  }

  #explain(error: unknown): EndReason {
    if (error instanceof RuntimeError) {
      this.#cause = error.message;
      return error.code === 'image-error' ? 'image-error' : 'start-error';
    }
    if (this.#giveUp.signal.aborted && !this.#started) return 'external';
    const faultId = this.#parts.reportFault(this.id, error);
    this.#cause = `Berth failed; the server's log has the cause under ${faultId}`;
    return 'internal';
  }

  /** A line of the platform in the workload's own log; losing it must not change the workload's fate. */
  async #note(text: string): Promise<void> {
    await this.#parts.logs.note(this.id, `berth: ${text}`).catch(error => {
      this.#parts.reportFault(this.id, error);
    });
  }
}

function endReason(exit: WorkloadExit | undefined): EndReason {
  if (exit?.exitCode === undefined) return 'lost';
  return exit.exitCode === 0 ? 'exited' : 'failed';
}
