import { setTimeout as delay } from 'node:timers/promises';
import type { DurableProcess as Described, ProcessExit, StopRequest } from '../../runtime.ts';
import type { Cgroups } from '../cgroups.ts';
import type { InsideProcess } from '../exec/inside-process.ts';
import { ociLimits } from '../limits.ts';
import { signal } from '../processes.ts';
import type { ProcessFolder, ProcessRecord, RecordedEnd } from './process-folder.ts';

export interface DurableProcessParts {
  readonly id: string;
  readonly workloadId: string;
  readonly folder: ProcessFolder;
  readonly record: ProcessRecord;
  readonly cgroups: Cgroups;
  /** Undefined where it had ended before this server looked. */
  readonly inside: InsideProcess | undefined;
}

/** A further process that outlives the server, from its start or its adoption to its end. */
export class DurableProcess {
  readonly #parts: DurableProcessParts;
  readonly #told = Promise.withResolvers<void>();
  /** Settles when its end was told. */
  readonly told = this.#told.promise;
  #end: RecordedEnd | undefined;
  #escalation: NodeJS.Timeout | undefined;

  constructor(parts: DurableProcessParts) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.id;
  }

  get workloadId(): string {
    return this.#parts.workloadId;
  }

  get logId(): string {
    return this.#parts.record.logId;
  }

  get folder(): ProcessFolder {
    return this.#parts.folder;
  }

  get isRunning(): boolean {
    return this.#end === undefined;
  }

  describe(): Described {
    const { id, logId } = this;
    const known = { id, logId, startedAt: new Date(this.#parts.record.startedAt) };
    if (this.#end !== undefined) return { ...known, state: 'exited', ...this.#end };
    return { ...known, state: 'running', pid: this.#parts.inside?.innerPid ?? 0 };
  }

  exit(): ProcessExit {
    if (this.#end === undefined) throw new Error(`process ${this.id} has not ended`);
    return { processId: this.id, ...this.#end };
  }

  /** @returns false when it has ended */
  async stop(request: StopRequest): Promise<boolean> {
    if (!this.isRunning) return false;
    if (request.hard) {
      await this.#killAll();
      return true;
    }
    clearTimeout(this.#escalation);
    this.#escalation = setTimeout(() => void this.#killAll(), request.timeoutMs).unref();
    return this.#parts.inside?.signalGroup(request.signal) ?? false;
  }

  /** To its main process only. @returns false when it has ended */
  signal(name: NodeJS.Signals | number): boolean {
    return this.isRunning && (this.#parts.inside?.signal(name) ?? false);
  }

  /** Finds out how it ended; call when its conmon is gone. What it has left behind is killed first. */
  async conclude(): Promise<void> {
    this.letGo();
    const { cgroups, folder } = this.#parts;
    // Processes of a frozen group may have to wait for the thaw.
    while (!(await cgroups.kill(this.#group))) await delay(ociLimits.concludeRetryMs);
    const seen = await folder.end();
    const end = seen ?? { exitedAt: new Date() };
    if (seen === undefined) await folder.noteEnd(end.exitedAt);
    await cgroups.remove(this.#group);
    this.#end = end;
  }

  noteTold(): void {
    this.#told.resolve();
  }

  /** Cancels its timer. */
  letGo(): void {
    clearTimeout(this.#escalation);
  }

  get #group(): string {
    return this.#parts.cgroups.inner(this.workloadId, this.id);
  }

  /** Once; what they start meanwhile is killed when the main process has ended. */
  async #killAll(): Promise<void> {
    for (const pid of await this.#parts.cgroups.processes(this.#group)) signal(pid, 'SIGKILL');
  }
}
