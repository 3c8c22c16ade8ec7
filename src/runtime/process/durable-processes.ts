import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDnsLabel } from '../../lib/dns-label.ts';
import type { Logs, LogWriter } from '../../logs/logs.ts';
import {
  type DurableProcess,
  type DurableProcessSpec,
  type ProcessExit,
  RuntimeError,
  type StopRequest,
} from '../runtime.ts';
import { signal } from './process-table.ts';
import { Program } from './program.ts';
import { spawnLeader } from './spawn.ts';

interface ProcessRecord {
  readonly logId: string;
  readonly startedAt: string;
  readonly exitCode?: number;
  readonly exitedAt?: string;
}

interface Known {
  record: ProcessRecord;
  /** Undefined while it is started, and of an earlier server. */
  program?: Program;
  /** Settles when its end was told. */
  told?: Promise<void>;
}

export interface DurableProcessesParts {
  /** A folder for their records. */
  readonly folder: string;
  readonly logs: Logs;
  readonly tell: (exit: ProcessExit) => void;
}

/** The further processes of one workload whose output goes to logs. Here they end with the server all the same. */
export class DurableProcesses {
  readonly #parts: DurableProcessesParts;
  readonly #known = new Map<string, Known>();

  constructor(parts: DurableProcessesParts) {
    this.#parts = parts;
  }

  /** Reads what an earlier server has left; its processes were ended before. */
  async recover(): Promise<void> {
    const names = (await readdir(this.#parts.folder).catch(() => [])).filter(name => name.endsWith('.json'));
    for (const name of names) {
      const id = name.slice(0, -'.json'.length);
      const found = await readFile(this.#path(id), 'utf8').then(parse, () => undefined);
      if (found === undefined) continue;
      const record = found.exitedAt === undefined ? { ...found, exitedAt: new Date().toISOString() } : found;
      await this.#write(id, record);
      this.#known.set(id, { record });
    }
  }

  /** @throws {RuntimeError} as `DurableExec.startProcess` */
  async start(
    spec: DurableProcessSpec,
    { cwd, env }: { readonly cwd: string; readonly env: Record<string, string> },
  ): Promise<{ pid: number }> {
    const { id, logId } = spec;
    for (const label of [id, logId]) {
      if (!isDnsLabel(label)) throw new RuntimeError('start-error', `"${label}" is not a DNS label`);
    }
    if (this.#known.has(id)) throw new RuntimeError('conflict', `there is a process ${id} already`);
    const known: Known = { record: { logId, startedAt: new Date().toISOString() } };
    this.#known.set(id, known);
    let log: LogWriter | undefined;
    try {
      log = await this.#openLog(logId);
      await this.#write(id, known.record);
      const mark = { BERTH_PROCESS: this.#path(id) };
      const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
      const leader = await spawnLeader(spec.command, { cwd, env: { ...env, ...mark }, stdio });
      known.program = new Program(leader, log, `BERTH_PROCESS=${mark.BERTH_PROCESS}`, true);
      known.told = this.#untilTold(id, known, known.program);
      return { pid: leader.pid };
    } catch (error) {
      await log?.close();
      this.#known.delete(id);
      await rm(this.#path(id), { force: true });
      throw error;
    }
  }

  /** @returns false when it does not run */
  stop(id: string, request: StopRequest): boolean {
    const program = this.#known.get(id)?.program;
    if (program === undefined) return false;
    return request.hard ? program.kill() : program.signalGroup(request.signal, request.timeoutMs);
  }

  /** To its main process. @returns false when it does not run */
  signal(id: string, name: NodeJS.Signals | number): boolean {
    const program = this.#known.get(id)?.program;
    return program?.isRunning === true && signal(program.pid, name);
  }

  /** Numbers of the groups of those that run. */
  groups(): number[] {
    return [...this.#known.values()].flatMap(({ program }) => (program?.isRunning ? [program.pid] : []));
  }

  list(): DurableProcess[] {
    return [...this.#known].flatMap(([id, { record, program }]): DurableProcess[] => {
      const { logId, exitCode, exitedAt } = record;
      const facts = { id, logId, startedAt: new Date(record.startedAt) };
      if (exitedAt === undefined) return program ? [{ ...facts, state: 'running', pid: program.pid }] : [];
      const code = exitCode === undefined ? {} : { exitCode };
      return [{ ...facts, state: 'exited', ...code, exitedAt: new Date(exitedAt) }];
    });
  }

  /** @throws {RuntimeError} `conflict` while it runs */
  async forget(id: string): Promise<void> {
    const known = this.#known.get(id);
    if (known === undefined) return;
    if (known.record.exitedAt === undefined) throw new RuntimeError('conflict', `process ${id} runs`);
    this.#known.delete(id);
    await rm(this.#path(id), { force: true });
  }

  /** Kills them; resolves when the ends of all are told. */
  async end(): Promise<void> {
    const all = [...this.#known.values()];
    for (const { program } of all) program?.kill();
    await Promise.all(all.flatMap(({ told }) => told ?? []));
  }

  async #untilTold(id: string, known: Known, program: Program): Promise<void> {
    const { exitCode, exitedAt } = await program.ended;
    known.record = { ...known.record, exitCode, exitedAt: exitedAt.toISOString() };
    // Where the disk is full the end is still told.
    await this.#write(id, known.record).catch(() => undefined);
    this.#parts.tell({ processId: id, exitCode, exitedAt });
  }

  async #openLog(logId: string): Promise<LogWriter> {
    await this.#parts.logs.create(logId);
    try {
      return this.#parts.logs.writer(logId);
    } catch (cause) {
      throw new RuntimeError('conflict', `another process writes the log ${logId}`, { cause });
    }
  }

  #path(id: string): string {
    return join(this.#parts.folder, `${id}.json`);
  }

  async #write(id: string, record: ProcessRecord): Promise<void> {
    await mkdir(this.#parts.folder, { recursive: true });
    await writeFile(`${this.#path(id)}.new`, JSON.stringify(record));
    await rename(`${this.#path(id)}.new`, this.#path(id));
  }
}

function parse(text: string): ProcessRecord {
  return JSON.parse(text) as ProcessRecord;
}
