import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Turns } from '../../lib/turns.ts';
import { namespaceFolder } from '../../network/index.ts';
import {
  type AdjustsLimits,
  type Checkpointable,
  type ConnectRequest,
  type DurableExec,
  type DurableProcess,
  type DurableProcessSpec,
  type ExecProcess,
  type ExecSpec,
  type ListeningPort,
  type LooksInside,
  type Pausable,
  type ReopensLogs,
  RuntimeError,
  type ShowsFiles,
  type StopRequest,
} from '../runtime.ts';
import { reopenConmonLog } from './conmon.ts';
import type { Container } from './container.ts';
import type { Opened } from './opened.ts';

/** What can be asked of a container beside its life: each is the work of one part. */
export abstract class OciAbilities
  implements Pausable, AdjustsLimits, Checkpointable, ShowsFiles, DurableExec, LooksInside, ReopensLogs
{
  /** Of workloads, by id. */
  protected abstract readonly turns: Turns;
  protected abstract parts(): Opened;
  protected abstract find(id: string): Container | undefined;

  /** @throws {RuntimeError} `not-found` */
  protected container(id: string): Container {
    const container = this.find(id);
    if (container === undefined) throw new RuntimeError('not-found', `workload ${id} does not exist`);
    return container;
  }

  /** One in which something can be run now. @throws {RuntimeError} `not-found`, `conflict` */
  async #running(id: string): Promise<Container> {
    const container = this.container(id);
    if (container.exit) throw new RuntimeError('not-found', `workload ${id} has ended`);
    if (await container.isPaused()) throw new RuntimeError('conflict', `workload ${id} is paused`);
    return container;
  }

  async exec(id: string, spec: ExecSpec): Promise<ExecProcess> {
    const { bundle } = await this.#running(id);
    const { sessions, moves, cgroups } = this.parts();
    return moves.during(() => sessions.start(bundle, () => cgroups.processes(id), spec));
  }

  async startProcess(workloadId: string, spec: DurableProcessSpec): Promise<{ pid: number }> {
    const { bundle } = await this.#running(workloadId);
    if (this.find(spec.logId) !== undefined) {
      throw new RuntimeError('conflict', `${spec.logId} is the log of a workload`);
    }
    const { durable, moves } = this.parts();
    return moves.during(() => durable.start(bundle, spec));
  }

  async stopProcess(workloadId: string, processId: string, request: StopRequest): Promise<boolean> {
    return (await this.parts().durable.get(workloadId, processId)?.stop(request)) ?? false;
  }

  async signalProcess(
    workloadId: string,
    processId: string,
    signal: NodeJS.Signals | number,
  ): Promise<boolean> {
    return this.parts().durable.get(workloadId, processId)?.signal(signal) ?? false;
  }

  async processes(workloadId: string): Promise<DurableProcess[]> {
    return this.parts().durable.list(workloadId);
  }

  forgetProcess(workloadId: string, processId: string): Promise<void> {
    return this.parts().durable.forget(workloadId, processId);
  }

  async reopenLog(id: string): Promise<boolean> {
    const container = this.find(id);
    if (container === undefined) return this.parts().durable.reopenLog(id);
    return reopenConmonLog(container.bundle.folder);
  }

  async rootPath(id: string): Promise<string> {
    return `/proc/${await this.container(id).mainPid()}/root`;
  }

  async listeningPorts(id: string): Promise<ListeningPort[]> {
    const { cgroups, ports } = this.parts();
    const container = this.container(id);
    const mainPid = await container.mainPid();
    return ports.scan(container, mainPid, () => cgroups.processes(id));
  }

  async connect(id: string, request: ConnectRequest): Promise<Socket> {
    const { record } = this.container(id);
    const namespacePath = join(namespaceFolder, record.namespace);
    return this.parts().dialers.connect({ id, namespacePath, rootPath: await this.rootPath(id) }, request);
  }

  pause(id: string): Promise<void> {
    return this.turns.run(id, () => this.container(id).pause());
  }

  resume(id: string): Promise<void> {
    return this.turns.run(id, () => this.container(id).resume());
  }

  readonly setLimits: AdjustsLimits['setLimits'] = (id, { memoryBytes }) =>
    this.turns.run(id, () => this.container(id).limitMemory(memoryBytes));

  readonly createRoot: Checkpointable['createRoot'] = name => this.parts().roots.createRoot(name);
  readonly removeRoot: Checkpointable['removeRoot'] = name => this.parts().roots.removeRoot(name);
  readonly listRoots: Checkpointable['listRoots'] = () => this.parts().roots.listRoots();
  readonly createCheckpoint: Checkpointable['createCheckpoint'] = (root, name, options) =>
    this.parts().roots.createCheckpoint(root, name, options);
  readonly restoreCheckpoint: Checkpointable['restoreCheckpoint'] = (root, name) =>
    this.parts().roots.restoreCheckpoint(root, name);
  readonly removeCheckpoint: Checkpointable['removeCheckpoint'] = (root, name) =>
    this.parts().roots.removeCheckpoint(root, name);
  readonly listCheckpoints: Checkpointable['listCheckpoints'] = root =>
    this.parts().roots.listCheckpoints(root);
  readonly checkpointPath: Checkpointable['checkpointPath'] = (root, name) =>
    this.parts().roots.checkpointPath(root, name);
}
