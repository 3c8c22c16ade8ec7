import { mkdir, realpath } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { AsyncQueue } from '../../lib/async-queue.ts';
import type { Logs } from '../../logs/logs.ts';
import { RootStore } from '../roots/index.ts';
import {
  type Checkpointable,
  type CheckpointOptions,
  type ConnectRequest,
  type DurableExec,
  type DurableProcess,
  type DurableProcessSpec,
  type ExecProcess,
  type ExecSpec,
  type ImageReference,
  type ListeningPort,
  type LooksInside,
  type Pausable,
  type PreparedImage,
  type ProcessExit,
  type RecoveredWorkload,
  type Runtime,
  type RuntimeCapabilities,
  RuntimeError,
  type RuntimeEvent,
  type ShowsFiles,
  type StopRequest,
  type WorkloadAddress,
  type WorkloadExit,
  type WorkloadSpec,
  type WorkloadStats,
} from '../runtime.ts';
import { connectFromHere } from './connect.ts';
import { DurableProcesses } from './durable-processes.ts';
import { processLimits } from './limits.ts';
import { Ports } from './ports.ts';
import { groupUsage } from './process-table.ts';
import { endLeftOvers } from './recovery.ts';
import { checkDirectory } from './spawn.ts';
import { Workload } from './workload.ts';
import { WorkloadFolder } from './workload-folder.ts';

export interface ProcessRuntimeOptions {
  readonly dataDir: string;
  readonly logs: Logs;
}

const host = '127.0.0.1';

/**
 * Runs workloads as plain processes of the server's own user: no privileges needed, no isolation given. Each
 * has a process group and a folder of its own, and listens on a port of the loopback address. They end with
 * the server.
 */
export class ProcessRuntime
  implements Runtime, Pausable, Checkpointable, ShowsFiles, DurableExec, LooksInside
{
  readonly name = 'process';
  readonly #dataDir: string;
  readonly #logs: Logs;
  readonly #ports = new Ports(host);
  readonly #workloads = new Map<string, Workload>();
  /** Of workloads that an earlier server has ended. */
  readonly #pastProcesses = new Map<string, DurableProcesses>();
  readonly #listeners = new Set<AsyncQueue<RuntimeEvent>>();
  readonly #roots: RootStore;
  /** Roots of workloads that are being made. */
  readonly #claimed = new Set<string>();
  #root = '';

  constructor(options: ProcessRuntimeOptions) {
    this.#dataDir = options.dataDir;
    this.#logs = options.logs;
    this.#roots = new RootStore(join(options.dataDir, 'process-roots'));
  }

  capabilities(): RuntimeCapabilities {
    return {
      isolation: false,
      survivesServer: false,
      limits: [],
      mounts: false,
      privileges: false,
      images: ['host'],
    };
  }

  async open(): Promise<void> {
    const root = join(this.#dataDir, 'process');
    await mkdir(root, { recursive: true, mode: 0o700 });
    this.#root = await realpath(root);
    await this.#roots.open();
  }

  async close(): Promise<void> {
    const soft = { hard: false, signal: 'SIGTERM', timeoutMs: processLimits.closeTimeoutMs } as const;
    await Promise.all([...this.#workloads.values()].map(workload => workload.end(soft)));
    await Promise.all([...this.#workloads.values()].map(({ address }) => this.#ports.release(address.port)));
    this.#workloads.clear();
    await this.#roots.close();
    for (const listener of this.#listeners) listener.end();
  }

  async prepare(image: ImageReference): Promise<PreparedImage> {
    if (image.kind !== 'host') {
      throw new RuntimeError(
        'image-error',
        'this server runs plain processes, which need no image; the runtimes oci and docker run images',
      );
    }
    const config = { command: [], env: {}, user: '', workingDirectory: '/', stopSignal: 'SIGTERM' } as const;
    return { reference: image, layers: [], config };
  }

  async create(spec: WorkloadSpec): Promise<WorkloadAddress> {
    const folder = new WorkloadFolder(this.#root, spec.id);
    if (spec.directory !== undefined) await checkDirectory(spec.directory);
    if (spec.root === undefined) return this.#create(spec, folder);
    const release = this.#claim(spec.root);
    try {
      const { upper } = await this.#roots.make(spec.root);
      return await this.#create(spec, folder, upper);
    } finally {
      release();
    }
  }

  /** @param root folder of its persistent root */
  async #create(spec: WorkloadSpec, folder: WorkloadFolder, root?: string): Promise<WorkloadAddress> {
    await folder.make();
    const lease = await this.#ports.lease();
    try {
      await this.#logs.create(spec.id);
      const address = { host, port: lease.port };
      const workload = new Workload({
        spec,
        folder,
        lease,
        address,
        logs: this.#logs,
        tellProcessExit: this.#tellProcessExit,
        ...(root && { root }),
      });
      await workload.write({ phase: 'created' });
      this.#workloads.set(spec.id, workload);
      return address;
    } catch (error) {
      await this.#ports.release(lease.port);
      await folder.remove();
      throw error;
    }
  }

  async start(id: string): Promise<void> {
    await this.#workload(id).start(exit => this.#tell(exit));
  }

  async stop(id: string, request: StopRequest): Promise<boolean> {
    return (await this.#workloads.get(id)?.stop(request)) ?? false;
  }

  async exec(id: string, spec: ExecSpec): Promise<ExecProcess> {
    return this.#workload(id).exec(spec);
  }

  async startProcess(workloadId: string, spec: DurableProcessSpec): Promise<{ pid: number }> {
    return this.#workload(workloadId).startProcess(spec);
  }

  async stopProcess(workloadId: string, processId: string, request: StopRequest): Promise<boolean> {
    return this.#durable(workloadId)?.stop(processId, request) ?? false;
  }

  async signalProcess(
    workloadId: string,
    processId: string,
    signal: NodeJS.Signals | number,
  ): Promise<boolean> {
    return this.#durable(workloadId)?.signal(processId, signal) ?? false;
  }

  async processes(workloadId: string): Promise<DurableProcess[]> {
    return this.#durable(workloadId)?.list() ?? [];
  }

  async forgetProcess(workloadId: string, processId: string): Promise<void> {
    await this.#durable(workloadId)?.forget(processId);
  }

  async listeningPorts(id: string): Promise<ListeningPort[]> {
    return this.#workload(id).listeningPorts();
  }

  async connect(id: string, request: ConnectRequest): Promise<Socket> {
    if (this.#workload(id).hasEnded) throw new RuntimeError('not-found', `workload ${id} has ended`);
    return connectFromHere(request);
  }

  #durable(workloadId: string): DurableProcesses | undefined {
    return this.#workloads.get(workloadId)?.durable ?? this.#pastProcesses.get(workloadId);
  }

  async recover(): Promise<RecoveredWorkload[]> {
    const folders = await WorkloadFolder.all(this.#root);
    const recovered = await Promise.all(folders.map(folder => this.#recover(folder)));
    return recovered.filter(workload => workload !== undefined);
  }

  async pause(id: string): Promise<void> {
    await this.#workload(id).pause();
  }

  async resume(id: string): Promise<void> {
    await this.#workload(id).resume();
  }

  async createRoot(name: string): Promise<void> {
    await this.#roots.make(name);
  }

  async removeRoot(name: string): Promise<void> {
    const release = this.#claim(name);
    await this.#roots.remove(name).finally(release);
  }

  listRoots(): Promise<string[]> {
    return this.#roots.list();
  }

  async rootPath(id: string): Promise<string> {
    return this.#workload(id).rootPath;
  }

  createCheckpoint(root: string, name: string, options: CheckpointOptions): Promise<{ bytes: number }> {
    return this.#roots.createCheckpoint(root, name, options);
  }

  async restoreCheckpoint(root: string, name: string): Promise<void> {
    const release = this.#claim(root);
    await this.#roots.restoreCheckpoint(root, name).finally(release);
  }

  removeCheckpoint(root: string, name: string): Promise<void> {
    return this.#roots.removeCheckpoint(root, name);
  }

  listCheckpoints(root: string): Promise<string[]> {
    return this.#roots.listCheckpoints(root);
  }

  checkpointPath(root: string, name: string): string {
    return this.#roots.checkpointPath(root, name);
  }

  /** No workload has the root, and none gets it until the returned function is called. */
  #claim(root: string): () => void {
    const isUsed = [...this.#workloads.values()].some(
      workload => workload.root === root && !workload.hasEnded,
    );
    if (isUsed || this.#claimed.has(root)) throw new RuntimeError('conflict', `root ${root} is in use`);
    this.#claimed.add(root);
    return () => this.#claimed.delete(root);
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const listener = new AsyncQueue<RuntimeEvent>();
    const leave = (): void => {
      this.#listeners.delete(listener);
      listener.abort();
    };
    this.#listeners.add(listener);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return listener;
  }

  async stats(id: string): Promise<WorkloadStats> {
    const { group } = this.#workload(id);
    if (group === undefined) throw new RuntimeError('not-found', `workload ${id} does not run`);
    return groupUsage(group);
  }

  async remove(id: string): Promise<void> {
    const workload = this.#workloads.get(id);
    this.#pastProcesses.delete(id);
    await workload?.end({ hard: true });
    await new WorkloadFolder(this.#root, id).remove();
    if (workload === undefined) return;
    this.#workloads.delete(id);
    await this.#ports.release(workload.address.port);
  }

  async #recover(folder: WorkloadFolder): Promise<RecoveredWorkload | undefined> {
    const { id } = folder;
    const record = await folder.read();
    if (record === undefined) {
      await folder.remove();
      return undefined;
    }
    if (record.phase === 'created') {
      const { spec, address } = record;
      const lease = await this.#ports.leaseAgain(address.port);
      const root = spec.root === undefined ? undefined : (await this.#roots.make(spec.root)).upper;
      const tellProcessExit = this.#tellProcessExit;
      const parts = {
        spec,
        folder,
        lease,
        address,
        logs: this.#logs,
        tellProcessExit,
        ...(root && { root }),
      };
      this.#workloads.set(id, new Workload(parts));
      return { id, state: 'created', address };
    }
    if (record.phase !== 'exited') await endLeftOvers(folder, record);
    const tell = (exit: ProcessExit): void => this.#tellProcessExit(id, exit);
    const past = new DurableProcesses({ folder: folder.processes, logs: this.#logs, tell });
    await past.recover();
    this.#pastProcesses.set(id, past);
    if (record.phase === 'exited') {
      const { exitCode, exitedAt } = record;
      const code = exitCode === undefined ? {} : { exitCode };
      return { id, state: 'exited', ...code, exitedAt: new Date(exitedAt), outOfMemory: false };
    }
    const exitedAt = new Date();
    const { spec, address } = record;
    await folder.write({ spec, address, phase: 'exited', exitedAt: exitedAt.toISOString() });
    return { id, state: 'exited', exitedAt, outOfMemory: false };
  }

  #tell(exit: WorkloadExit): void {
    for (const listener of this.#listeners) listener.push({ type: 'exit', ...exit });
  }

  readonly #tellProcessExit = (workloadId: string, exit: ProcessExit): void => {
    for (const listener of this.#listeners) listener.push({ type: 'process-exit', workloadId, ...exit });
  };

  #workload(id: string): Workload {
    const workload = this.#workloads.get(id);
    if (workload === undefined) throw new RuntimeError('not-found', `workload ${id} does not exist`);
    return workload;
  }
}
