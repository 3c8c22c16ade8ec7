import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ImageStore } from '../../images/index.ts';
import { Launcher } from '../../lib/launcher.ts';
import { Slots, Turns } from '../../lib/turns.ts';
import type { Logs } from '../../logs/logs.ts';
import { instanceTag, type Network } from '../../network/index.ts';
import {
  type ImageReference,
  type ImagesInUse,
  type NetworkPolicies,
  type PinsImages,
  type PreparedImage,
  type RecoveredWorkload,
  type Runtime,
  type RuntimeCapabilities,
  RuntimeError,
  type RuntimeEvent,
  type StopRequest,
  type UsesImages,
  type WorkloadAddress,
  type WorkloadSpec,
  type WorkloadStats,
} from '../runtime.ts';
import { OciAbilities } from './abilities.ts';
import { type Bundle, exists } from './bundle.ts';
import { CgroupMoves } from './cgroup-moves.ts';
import { Cgroups, cgroupLayout } from './cgroups.ts';
import { checkedId } from './checks.ts';
import { ContainerRefused, startConmon } from './conmon.ts';
import { ConmonWatch } from './conmon-watch.ts';
import { Container } from './container.ts';
import { DurableProcesses } from './durable/durable-processes.ts';
import { EventFeed } from './event-feed.ts';
import { Fifos } from './exec/fifos.ts';
import { endLeftSessions, Sessions } from './exec/sessions.ts';
import { startByFifo } from './exec-fifo.ts';
import { Dialers } from './inside/dialers.ts';
import { PortScanner } from './inside/listening-ports.ts';
import { readKernel } from './kernel.ts';
import { ociLimits } from './limits.ts';
import { mappedFiles } from './mapped-files.ts';
import { havePinned } from './mounted-folders.ts';
import { OciRoots } from './oci-roots.ts';
import { type Opened, openFolders } from './opened.ts';
import { prepareBundle } from './prepare-bundle.ts';
import { type ProcessIdentity, signal } from './processes.ts';
import { type Remains, survey } from './recovery.ts';
import { startError } from './start-errors.ts';
import { tool } from './tool.ts';

export interface OciRuntimeOptions {
  readonly dataDir: string;
  readonly logs: Logs;
  readonly network: Network;
  readonly images: ImageStore;
  /**
   * `runc`, or the absolute path of one. Others must be able to mount an overlay as the root of a container,
   * as the first mount of its configuration.
   */
  readonly ociRuntime?: string;
  /** Processes and threads of a workload that names no limit. */
  readonly defaultPids?: number;
}

/**
 * Runs workloads as containers without a container daemon: each has a conmon as its parent, which outlives
 * this server, and an OCI runtime makes and starts it.
 */
export class OciRuntime extends OciAbilities implements Runtime, PinsImages, UsesImages, NetworkPolicies {
  readonly name = 'oci';
  readonly #options: OciRuntimeOptions;
  readonly #containers = new Map<string, Container>();
  readonly #conclusions = new Set<Promise<void>>();
  readonly #feed = new EventFeed<RuntimeEvent>();
  readonly #launcher = new Launcher();
  protected readonly turns = new Turns();
  /** More at once than there are processors only makes all of them slower. */
  readonly #creations = new Slots(2 * availableParallelism());
  #opened: Opened | undefined;

  constructor(options: OciRuntimeOptions) {
    super();
    this.#options = options;
  }

  capabilities(): RuntimeCapabilities {
    return {
      isolation: true,
      survivesServer: true,
      limits: ['memoryBytes', 'cpu', 'pids', 'cpuTimeSeconds'],
      mounts: true,
      privileges: true,
      images: ['host', 'repository'],
    };
  }

  async open(): Promise<void> {
    const { dataDir, network } = this.#options;
    const folders = await openFolders(dataDir);
    const tools = {
      conmon: await tool('conmon'),
      ociRuntime: await tool(this.#options.ociRuntime ?? 'runc'),
    };
    const cgroups = await Cgroups.open(`berth-${instanceTag(dataDir)}`);
    const mapped = async (id: string) => mappedFiles(await cgroups.processes(id));
    const roots = new OciRoots(folders.roots, root => this.#userOf(root), mapped);
    await roots.store.open();
    const watch = new ConmonWatch(id => this.#conclude(id));
    const moves = new CgroupMoves(await cgroupLayout());
    const kernel = await readKernel();
    const fifos = new Fifos(folders.fifos, this.#launcher.run);
    await fifos.open();
    const execParts = { tools, folders, launcher: this.#launcher, fifos };
    const sessions = new Sessions(execParts);
    const { logs } = this.#options;
    const tell = (event: RuntimeEvent) => this.#feed.emit(event);
    const durable = new DurableProcesses({ ...execParts, logs, cgroups, tell });
    try {
      await network.open(this.#launcher.run);
    } catch (error) {
      await this.#launcher.stop();
      throw error;
    }
    this.#opened = {
      tools,
      folders,
      roots,
      cgroups,
      moves,
      watch,
      kernel,
      fifos,
      sessions,
      durable,
      dialers: new Dialers(),
      ports: new PortScanner(),
    };
  }

  async close(): Promise<void> {
    if (this.#opened === undefined) return;
    const { watch, cgroups, moves, roots, sessions, durable, dialers, fifos } = this.#opened;
    await this.turns.allSettled();
    await roots.store.close();
    watch.close();
    for (const container of this.#containers.values()) container.letGo();
    await sessions.close();
    await durable.close();
    await dialers.close();
    await fifos.close();
    await Promise.all(this.#conclusions);
    this.#feed.close();
    await this.#options.network.close();
    await this.#launcher.stop();
    await moves.close();
    if (this.#containers.size === 0) await cgroups.removeParent();
    this.#opened = undefined;
  }

  resolve(image: ImageReference): Promise<string | undefined> {
    return this.#options.images.resolve(image);
  }

  prepare(image: ImageReference, options: { signal: AbortSignal }): Promise<PreparedImage> {
    return this.#options.images.prepare(image, options);
  }

  create(spec: WorkloadSpec): Promise<WorkloadAddress> {
    const task = () => this.parts().moves.during(() => this.#create(spec));
    return this.turns.run(spec.id, () => this.#creations.run(task));
  }

  async #create(spec: WorkloadSpec): Promise<WorkloadAddress> {
    const { tools, folders, watch, cgroups } = this.parts();
    const bundle = folders.bundle(checkedId(spec.id));
    if (await exists(bundle.folder))
      throw new RuntimeError('start-error', `workload ${spec.id} exists already`);
    const logPath = await this.#options.logs.create(spec.id);
    const sources = (spec.mounts ?? []).map(({ source }) => source);
    const endpoint = await this.#options.network.lease();
    try {
      await using prepared = await prepareBundle(
        { ...this.#options, ...this.parts() },
        spec,
        bundle,
        endpoint,
      );
      const { record } = prepared;
      const { mainPid, conmon } = await startConmon(this.#launcher, tools, folders, bundle, logPath);
      this.#containers.set(spec.id, new Container({ bundle, record, mainPid }, cgroups));
      void watch.own(spec.id, conmon, bundle.exitFile);
      if (!(await havePinned(spec.mounts ?? [], mainPid))) {
        await this.#containers.get(spec.id)?.end();
        throw new RuntimeError('start-error', 'a folder to mount was replaced by something else');
      }
      return record.address;
    } catch (error) {
      this.#containers.delete(spec.id);
      await this.#clear(bundle, endpoint.name);
      if (error instanceof ContainerRefused) throw startError(error.message, folders.root, ...sources);
      throw error;
    }
  }

  start(id: string): Promise<void> {
    return this.turns.run(id, async () => {
      const container = this.container(id);
      try {
        await this.#startProgram(container);
      } catch (error) {
        // A server that was killed in the middle of a start has it started all the same.
        const running = container.exit === undefined && !(await container.bundle.awaitsStart());
        if (!running) throw startError((error as Error).message, this.parts().folders.root);
      }
      await container.started();
    });
  }

  async imagesInUse(): Promise<ImagesInUse> {
    const { folders, roots } = this.parts();
    const ids = await folders.list(folders.bundles);
    const [kept, ...records] = await Promise.all([
      roots.store.imagesInUse(),
      ...ids.map(id => folders.bundle(id).record()),
    ]);
    return {
      digests: new Set([...kept.digests, ...records.flatMap(record => record?.imageDigest ?? [])]),
      layers: new Set([...kept.layers, ...records.flatMap(record => record?.layers ?? [])]),
    };
  }

  /** A process for it costs as much again as what it does. */
  #startProgram(container: Container): Promise<void> {
    const isRunc = basename(this.parts().tools.ociRuntime) === 'runc';
    if (isRunc) return startByFifo(container.bundle.execFifo, () => container.exit === undefined);
    return this.#ociRuntime(['start', container.id]);
  }

  async stop(id: string, request: StopRequest): Promise<boolean> {
    await this.turns.settled(id);
    return (await this.#containers.get(id)?.stop(request)) ?? false;
  }

  async recover(): Promise<RecoveredWorkload[]> {
    const { folders, cgroups } = this.parts();
    const remains = await survey(folders, cgroups);
    this.#options.network.adopt(
      remains.flatMap(({ finding }) => (finding.state === 'debris' ? [] : [finding.record.namespace])),
    );
    const [recovered] = await Promise.all([
      Promise.all(remains.map(remain => this.#takeOver(remain))),
      folders.tidy(),
    ]);
    return recovered.filter(workload => workload !== undefined);
  }

  async #takeOver({ bundle, conmon, execConmons, finding }: Remains): Promise<RecoveredWorkload | undefined> {
    const { cgroups, watch, durable } = this.parts();
    if (finding.state === 'debris') {
      await this.#clear(bundle, undefined, [...(conmon ? [conmon] : []), ...execConmons.values()]);
      return undefined;
    }
    const { id } = bundle;
    const { record, mainPid } = finding;
    const container = new Container({ bundle, record, mainPid }, cgroups);
    this.#containers.set(id, container);
    if (finding.state === 'ended') {
      const exit = await container.conclude();
      await durable.recover(bundle, execConmons);
      return { ...exit, state: 'exited' };
    }
    await endLeftSessions(bundle, await cgroups.processes(id), execConmons);
    await durable.recover(bundle, execConmons);
    if (finding.state === 'running') await container.started();
    watch.adopt(id, finding.conmon, bundle.exitFile);
    const { address, stopSignal } = record;
    const living = { id, address, ...(stopSignal && { stopSignal }) };
    if (finding.state === 'created') return { ...living, state: 'created' };
    const paused = await container.isPaused();
    return { ...living, state: 'running', ...(paused && { paused }) };
  }

  readonly setNetworkPolicy: NetworkPolicies['setNetworkPolicy'] = (id, policy) =>
    this.turns.run(id, () => this.#options.network.setPolicy(this.container(id).address, policy?.rules));

  events(abort: AbortSignal): AsyncIterable<RuntimeEvent> {
    return this.#feed.listen(abort);
  }

  async stats(id: string): Promise<WorkloadStats> {
    this.container(id);
    const stats = await this.parts().cgroups.stats(id);
    if (stats === undefined) throw new RuntimeError('not-found', `workload ${id} has ended`);
    return stats;
  }

  remove(id: string): Promise<void> {
    return this.turns.run(id, async () => {
      const { folders } = this.parts();
      const container = this.#containers.get(id);
      await container?.end();
      const bundle = container?.bundle ?? folders.bundle(checkedId(id));
      const record = container?.record ?? (await bundle.record());
      await this.#clear(bundle, record?.namespace);
      this.#containers.delete(id);
    });
  }

  /** Removes all traces, the bundle last: after a crash in between it is found again. */
  async #clear(bundle: Bundle, namespace?: string, conmons: readonly ProcessIdentity[] = []): Promise<void> {
    const { cgroups, durable, dialers } = this.parts();
    // Each leads a group in which the OCI runtime may still be making the container.
    for (const { pid } of conmons) signal(-pid, 'SIGKILL');
    if (!(await cgroups.kill(bundle.id))) throw new Error(`processes of ${bundle.id} could not be killed`);
    await durable.drop(bundle.id);
    if (await bundle.hasState()) {
      // State that the OCI runtime can't read any more is in nobody's use: its processes are gone.
      await this.#ociRuntime(['delete', '--force', bundle.id]).catch(() => bundle.removeState());
    }
    await cgroups.remove(bundle.id);
    await dialers.end(bundle.id);
    if (namespace !== undefined) await this.#options.network.release(namespace);
    await bundle.remove();
  }

  /** The conmon of a workload is gone. */
  #conclude(id: string): void {
    const task = this.#tellExit(id).finally(() => this.#conclusions.delete(task));
    this.#conclusions.add(task);
  }

  async #tellExit(id: string): Promise<void> {
    while (true) {
      const container = this.#containers.get(id);
      if (container === undefined || container.exit !== undefined) return;
      try {
        const exit = await container.conclude();
        await this.parts().durable.allEnded(id);
        this.#feed.emit({ type: 'exit', ...exit });
        return;
      } catch {
        // No descriptor left, for example: an end must be told all the same.
        await delay(ociLimits.concludeRetryMs);
      }
    }
  }

  async #ociRuntime(args: readonly string[]): Promise<void> {
    const { tools, folders } = this.parts();
    await this.#launcher.run(tools.ociRuntime, ['--root', folders.state, ...args], {
      timeoutMs: ociLimits.commandTimeoutMs,
    });
  }

  /** The workload that has a root and has not ended. */
  #userOf(root: string): string | undefined {
    return this.#containers.values().find(({ record, exit }) => record.root === root && exit === undefined)
      ?.id;
  }

  protected find(id: string): Container | undefined {
    return this.#containers.get(id);
  }

  protected parts(): Opened {
    if (this.#opened === undefined) throw new Error('the oci runtime is not open');
    return this.#opened;
  }
}
