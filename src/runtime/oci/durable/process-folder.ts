import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, readNumber } from '../bundle.ts';
import type { OciExecProcess } from '../exec/exec-process.ts';

/** What must be known of a process after a restart of the server; written before it is made. */
export interface ProcessRecord {
  readonly logId: string;
  /** RFC 3339. */
  readonly startedAt: string;
}

export interface RecordedEnd {
  readonly exitCode?: number;
  readonly exitedAt: Date;
}

/** The folder of one process that outlives the server, in the bundle of its workload; its conmon lives there. */
export class ProcessFolder {
  readonly path: string;
  readonly spec: string;
  /** Its number as the host counts it, written by the OCI runtime when it runs. */
  readonly pidFile: string;
  readonly exits: string;
  /** Written by conmon, which calls it like the container. */
  readonly exitFile: string;
  /** What conmon says. */
  readonly errors: string;
  readonly #record: string;
  readonly #end: string;

  constructor(processes: string, id: string, workloadId: string) {
    this.path = join(processes, id);
    this.spec = join(this.path, 'process.json');
    this.pidFile = join(this.path, 'pid');
    this.exits = join(this.path, 'exits');
    this.exitFile = join(this.exits, workloadId);
    this.errors = join(this.path, 'conmon.log');
    this.#record = join(this.path, 'record.json');
    this.#end = join(this.path, 'end.json');
  }

  /** @throws {Error} EEXIST when there is one already, ENOENT when there is no such bundle */
  async make(record: ProcessRecord, spec: OciExecProcess): Promise<void> {
    await mkdir(this.path, { mode: 0o700 });
    await Promise.all([
      mkdir(this.exits),
      writeFile(this.#record, JSON.stringify(record)),
      writeFile(this.spec, JSON.stringify(spec), { mode: 0o600 }),
    ]);
  }

  /** Undefined when the server was killed before it was written. */
  record(): Promise<ProcessRecord | undefined> {
    return readJson<ProcessRecord>(this.#record);
  }

  pid(): Promise<number | undefined> {
    return readNumber(this.pidFile);
  }

  /** Undefined when nobody has seen it. */
  async end(): Promise<RecordedEnd | undefined> {
    const noted = await readJson<{ exitedAt: string }>(this.#end);
    if (noted) return { exitedAt: new Date(noted.exitedAt) };
    const exitCode = await readNumber(this.exitFile);
    return exitCode === undefined ? undefined : { exitCode, exitedAt: (await stat(this.exitFile)).mtime };
  }

  /** An end that conmon has not written down, so that it is told the same again. */
  async noteEnd(exitedAt: Date): Promise<void> {
    await writeFile(`${this.#end}.new`, JSON.stringify({ exitedAt: exitedAt.toISOString() }));
    await rename(`${this.#end}.new`, this.#end);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
