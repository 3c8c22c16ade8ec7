import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDnsLabel } from '../../../lib/dns-label.ts';
import { Turns } from '../../../lib/turns.ts';
import type { Logs } from '../../../logs/logs.ts';
import {
  type DurableProcess as Described,
  type DurableProcessSpec,
  type ProcessExitEvent,
  RuntimeError,
} from '../../runtime.ts';
import type { Bundle } from '../bundle.ts';
import type { Cgroups } from '../cgroups.ts';
import { checkedId } from '../checks.ts';
import { reopenConmonLog } from '../conmon.ts';
import { ConmonWatch } from '../conmon-watch.ts';

import { execProcess, type OciConfig } from '../exec/exec-process.ts';
import { InsideProcess } from '../exec/inside-process.ts';
import type { SessionParts } from '../exec/session.ts';
import { ociLimits } from '../limits.ts';
import type { ProcessIdentity } from '../processes.ts';
import { startProcess } from './conmon-exec.ts';
import { DurableProcess } from './durable-process.ts';
import { ProcessFolder } from './process-folder.ts';
import { examineProcess } from './process-remains.ts';

export interface DurableProcessesParts extends SessionParts {
  readonly logs: Logs;
  readonly cgroups: Cgroups;
  readonly tell: (event: ProcessExitEvent) => void;
}

/** The further processes that outlive this server, of all workloads. */
export class DurableProcesses {
  readonly #parts: DurableProcessesParts;
  readonly #turns = new Turns();
  /** By workload and id. */
  readonly #processes = new Map<string, DurableProcess>();
  /** Logs of processes that are being started. */
  readonly #claimedLogs = new Set<string>();
  readonly #conclusions = new Set<Promise<void>>();
  readonly #closing = Promise.withResolvers<void>();
  readonly #watch: ConmonWatch;

  constructor(parts: DurableProcessesParts) {
    this.#parts = parts;
    this.#watch = new ConmonWatch(key => this.#conclude(key));
  }

  /** @throws {RuntimeError} as `DurableExec.startProcess`; the workload runs */
  start(bundle: Bundle, spec: DurableProcessSpec): Promise<{ pid: number }> {
    const key = keyOf(bundle.id, checkedId(spec.id));
    if (!isDnsLabel(spec.logId)) throw new RuntimeError('start-error', `"${spec.logId}" is not a DNS label`);
    return this.#turns.run(key, async () => {
      if (this.#processes.has(key))
        throw new RuntimeError('conflict', `there is a process ${spec.id} already`);
      const release = this.#claimLog(spec.logId);
      try {
        return await this.#start(bundle, spec);
      } finally {
        release();
      }
    });
  }

  async #start(bundle: Bundle, spec: DurableProcessSpec): Promise<{ pid: number }> {
    const { cgroups, logs } = this.#parts;
    const config = await bundle.readConfig<OciConfig>();
    if (config === undefined) throw new RuntimeError('not-found', `workload ${bundle.id} does not exist`);
    const main = execProcess(config, spec);
    const logPath = await logs.create(spec.logId);
    const folder = new ProcessFolder(bundle.processes, spec.id, bundle.id);
    const record = { logId: spec.logId, startedAt: new Date().toISOString() };
    await folder.make(record, main);
    const group = cgroups.inner(bundle.id, spec.id);
    try {
      const { option } = await cgroups.makeInner(bundle.id, spec.id);
      const { pid, conmon } = await startProcess(this.#parts, bundle.id, folder, { logPath, option });
      const inside = await InsideProcess.at(pid);
      const { id } = spec;
      this.#add(new DurableProcess({ id, workloadId: bundle.id, folder, record, cgroups, inside }));
      void this.#watch.own(keyOf(bundle.id, id), conmon, folder.exitFile);
      return { pid: inside.innerPid };
    } catch (error) {
      await cgroups.kill(group);
      await cgroups.remove(group);
      await folder.remove();
      throw error;
    }
  }

  get(workloadId: string, id: string): DurableProcess | undefined {
    return this.#processes.get(keyOf(workloadId, id));
  }

  list(workloadId: string): Described[] {
    return this.#of(workloadId).map(process => process.describe());
  }

  /** @throws {RuntimeError} `conflict` while it runs */
  forget(workloadId: string, id: string): Promise<void> {
    const key = keyOf(workloadId, id);
    return this.#turns.run(key, async () => {
      const process = this.#processes.get(key);
      if (process === undefined) return;
      if (process.isRunning) throw new RuntimeError('conflict', `process ${id} runs`);
      await process.folder.remove();
      this.#processes.delete(key);
    });
  }

  /** @returns false when none of them writes that log */
  async reopenLog(logId: string): Promise<boolean> {
    const writer = this.#writerOf(logId);
    return writer !== undefined && (await reopenConmonLog(writer.folder.path));
  }

  /** Its workload has ended: waits until the ends of all of them are told. */
  async allEnded(workloadId: string): Promise<void> {
    await this.#settled(workloadId);
    const limit = delay(ociLimits.killTimeoutMs, undefined, { ref: false });
    const ended = Promise.all(this.#of(workloadId).map(process => process.told));
    await Promise.race([ended, limit, this.#closing.promise]);
  }

  /** Its workload is removed, and so are their folders. */
  async drop(workloadId: string): Promise<void> {
    await this.allEnded(workloadId);
    for (const { id } of this.#of(workloadId)) this.#processes.delete(keyOf(workloadId, id));
  }

  /**
   * Takes over what an earlier server has left in a workload.
   * @param conmons by the path in the bundle of the file for the process's number
   */
  async recover(bundle: Bundle, conmons: ReadonlyMap<string, ProcessIdentity>): Promise<void> {
    const names = await readdir(bundle.processes).catch(() => []);
    await Promise.all(
      names.filter(isDnsLabel).map(id => this.#recover(bundle, id, conmons.get(`processes/${id}/pid`))),
    );
  }

  async #recover(bundle: Bundle, id: string, conmon: ProcessIdentity | undefined): Promise<void> {
    const { cgroups } = this.#parts;
    const folder = new ProcessFolder(bundle.processes, id, bundle.id);
    const group = cgroups.inner(bundle.id, id);
    const finding = await examineProcess(folder, group, cgroups, conmon);
    if (finding.state === 'debris') {
      await cgroups.kill(group);
      await cgroups.remove(group);
      await folder.remove();
      return;
    }
    const { record } = finding;
    const inside = finding.state === 'running' ? finding.inside : undefined;
    const process = new DurableProcess({ id, workloadId: bundle.id, folder, record, cgroups, inside });
    this.#add(process);
    if (finding.state === 'running') this.#watch.adopt(keyOf(bundle.id, id), finding.conmon, folder.exitFile);
    else {
      await process.conclude();
      process.noteTold();
    }
  }

  /** Lets go of them: they run on. */
  async close(): Promise<void> {
    await this.#turns.allSettled();
    this.#watch.close();
    this.#closing.resolve();
    for (const process of this.#processes.values()) process.letGo();
    await Promise.all(this.#conclusions);
  }

  #add(process: DurableProcess): void {
    this.#processes.set(keyOf(process.workloadId, process.id), process);
  }

  #of(workloadId: string): DurableProcess[] {
    return [...this.#processes.values()].filter(process => process.workloadId === workloadId);
  }

  /** Starts that are under way in a workload are over. */
  async #settled(workloadId: string): Promise<void> {
    const keys = this.#turns.keys().filter(key => dirname(key) === workloadId);
    await Promise.all([...keys].map(key => this.#turns.settled(key)));
  }

  #writerOf(logId: string): DurableProcess | undefined {
    return this.#processes.values().find(process => process.isRunning && process.logId === logId);
  }

  #claimLog(logId: string): () => void {
    if (this.#claimedLogs.has(logId) || this.#writerOf(logId) !== undefined) {
      throw new RuntimeError('conflict', `another process writes the log ${logId}`);
    }
    this.#claimedLogs.add(logId);
    return () => this.#claimedLogs.delete(logId);
  }

  /** The conmon of a process is gone. */
  #conclude(key: string): void {
    const task = this.#tellExit(key).finally(() => this.#conclusions.delete(task));
    this.#conclusions.add(task);
  }

  async #tellExit(key: string): Promise<void> {
    const process = this.#processes.get(key);
    if (process === undefined) return;
    while (process.isRunning) {
      try {
        await process.conclude();
      } catch {
        // No descriptor left, for example: an end must be told all the same.
        await delay(ociLimits.concludeRetryMs);
      }
    }
    this.#parts.tell({ type: 'process-exit', workloadId: process.workloadId, ...process.exit() });
    process.noteTold();
  }
}

function keyOf(workloadId: string, id: string): string {
  return `${workloadId}/${basename(id)}`;
}
