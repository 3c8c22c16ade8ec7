import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDnsLabel } from '../../lib/dns-label.ts';
import { RuntimeError, type WorkloadAddress, type WorkloadSpec } from '../runtime.ts';

/** What is known of a workload, written before each step so that a restart can put things right. */
export type WorkloadRecord = {
  readonly spec: WorkloadSpec;
  readonly address: WorkloadAddress;
} & WorkloadPhase;

export type WorkloadPhase =
  | { readonly phase: 'created' }
  /** About to run; its process may be there already. */
  | { readonly phase: 'starting' }
  /** `startTime` tells the process from a later one with the same number. */
  | { readonly phase: 'running'; readonly pid: number; readonly startTime: string }
  | { readonly phase: 'exited'; readonly exitCode?: number; readonly exitedAt: string };

/** Everything that one workload has on disk. */
export class WorkloadFolder {
  readonly id: string;
  readonly path: string;
  readonly home: string;
  readonly temporary: string;
  /** Records of further processes. */
  readonly processes: string;
  readonly #recordPath: string;

  /** @throws {RuntimeError} `start-error` when the id is not a DNS label */
  constructor(root: string, id: string) {
    if (!isDnsLabel(id)) throw new RuntimeError('start-error', `"${id}" is not a DNS label`);
    this.id = id;
    this.path = join(root, id);
    this.home = join(this.path, 'home');
    this.temporary = join(this.path, 'tmp');
    this.processes = join(this.path, 'processes');
    this.#recordPath = join(this.path, 'workload.json');
  }

  static async all(root: string): Promise<WorkloadFolder[]> {
    const names = await readdir(root);
    return names.filter(name => isDnsLabel(name)).map(name => new WorkloadFolder(root, name));
  }

  /** @throws {RuntimeError} `start-error` when there is one already */
  async make(): Promise<void> {
    try {
      await mkdir(this.path, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new RuntimeError('start-error', `workload ${this.id} exists already`, { cause: error });
    }
    await Promise.all([mkdir(this.home), mkdir(this.temporary)]);
  }

  async write(record: WorkloadRecord): Promise<void> {
    const fresh = `${this.#recordPath}.new`;
    await writeFile(fresh, JSON.stringify(record), { mode: 0o600 });
    await rename(fresh, this.#recordPath);
  }

  /** Undefined when the workload was not made completely. */
  async read(): Promise<WorkloadRecord | undefined> {
    const text = await readFile(this.#recordPath, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as WorkloadRecord);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}
