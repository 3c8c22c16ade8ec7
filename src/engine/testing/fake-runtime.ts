import { createServer, type Server } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import {
  type DurableExec,
  type ExecProcess,
  type ExecSpec,
  type ImageReference,
  type Pausable,
  type PersistentRoots,
  type PreparedImage,
  type RecoveredWorkload,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type StopRequest,
  type WorkloadAddress,
  type WorkloadExit,
  type WorkloadSpec,
} from '../../runtime/runtime.ts';
import { FakeProcesses } from './fake-processes.ts';

/** How a workload of the fake runtime behaves; its first argument names it. */
export type Behaviour = 'listens' | 'deaf' | 'stubborn' | 'missing';

interface Fake {
  readonly behaviour: Behaviour;
  readonly server: Server;
  address: WorkloadAddress;
  state: 'created' | 'running';
  kill: NodeJS.Timeout | undefined;
}

/** A runtime without processes, for tests of the engine: ends on demand, remembers what it was asked. */
export class FakeRuntime implements Runtime, Pausable, PersistentRoots, DurableExec {
  readonly name = 'process';
  readonly asked: string[] = [];
  readonly specs = new Map<string, WorkloadSpec>();
  readonly left: RecoveredWorkload[] = [];
  readonly roots = new Set<string>();
  survivesServer = true;
  /** Of all that it recovers. */
  stopSignal: NodeJS.Signals | undefined;
  mounts = true;
  /** By tag. */
  readonly digests = new Map<string, string>();
  readonly prepared: ImageReference[] = [];
  /** Held back until it is resolved, so that a test can act in between. */
  loading: Promise<void> = Promise.resolve();
  /** What further processes do until they end with a code; none can be run when it is undefined. */
  runs: ((id: string, spec: ExecSpec) => Promise<number>) | undefined;
  readonly #workloads = new Map<string, Fake>();
  readonly #events: RuntimeEvent[] = [];
  readonly #paused = new Set<string>();
  #wake = (): void => {};
  readonly durable = new FakeProcesses(
    event => {
      this.#events.push(event);
      this.#wake();
    },
    id => this.#paused.has(id),
  );
  readonly startProcess: DurableExec['startProcess'] = (id, spec) => this.durable.startProcess(id, spec);
  readonly stopProcess: DurableExec['stopProcess'] = (id, process, request) =>
    this.durable.stopProcess(id, process, request);
  readonly signalProcess: DurableExec['signalProcess'] = (id, process) =>
    this.durable.signalProcess(id, process);
  readonly processes: DurableExec['processes'] = id => this.durable.processes(id);
  readonly forgetProcess: DurableExec['forgetProcess'] = (id, process) =>
    this.durable.forgetProcess(id, process);

  capabilities() {
    const { survivesServer, mounts } = this;
    return {
      isolation: false,
      survivesServer,
      limits: ['memoryBytes'],
      privileges: true,
      mounts,
      images: ['host', 'repository'],
    } as const;
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}

  async prepare(reference: ImageReference, { signal }: { signal: AbortSignal }): Promise<PreparedImage> {
    this.prepared.push(reference);
    await Promise.race([this.loading, new Promise((_, reject) => signal.addEventListener('abort', reject))]);
    if (reference.kind !== 'host') await this.resolve(reference);
    const config = { command: [], env: {}, user: '', workingDirectory: '/', stopSignal: 'SIGTERM' } as const;
    return { reference, layers: [], config };
  }

  async resolve(image: ImageReference): Promise<string | undefined> {
    if (image.kind !== 'repository') return undefined;
    const { reference } = image;
    const digest = reference.includes(':') ? reference : this.digests.get(reference);
    if (digest === undefined) throw new RuntimeError('image-error', 'there is no such image');
    return digest;
  }

  async create(spec: WorkloadSpec): Promise<WorkloadAddress> {
    this.asked.push(`create ${spec.id}`);
    if (spec.root !== undefined) this.roots.add(spec.root);
    this.specs.set(spec.id, spec);
    const server = createServer(socket => socket.destroy());
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const behaviour = (spec.command?.[0] ?? 'listens') as Behaviour;
    if (behaviour === 'deaf') await new Promise(resolve => server.close(resolve));
    const address = { host: '127.0.0.1', port };
    this.#workloads.set(spec.id, { behaviour, server, address, state: 'created', kill: undefined });
    return address;
  }

  async start(id: string): Promise<void> {
    this.asked.push(`start ${id}`);
    const workload = this.#workloads.get(id);
    if (workload?.behaviour === 'missing')
      throw new RuntimeError('start-error', 'command not found: missing');
    if (workload !== undefined) workload.state = 'running';
  }

  async stop(id: string, request: StopRequest): Promise<boolean> {
    this.asked.push(`${request.hard ? 'kill' : request.signal} ${id}`);
    const workload = this.#workloads.get(id);
    if (workload === undefined) return false;
    if (request.hard) this.end(id, 137);
    else if (workload.behaviour !== 'stubborn') this.end(id, 143);
    else workload.kill = setTimeout(() => this.end(id, 137), request.timeoutMs);
    return true;
  }

  async exec(id: string, spec: ExecSpec): Promise<ExecProcess> {
    if (this.runs === undefined) throw new RuntimeError('unsupported', 'the fake runtime has no processes');
    return {
      pid: 1,
      stdin: new PassThrough(),
      stdout: Readable.from([]),
      stderr: Readable.from([]),
      kill: () => {},
      resize: () => {},
      exited: this.runs(id, spec).then(exitCode => ({ exitCode })),
    };
  }

  async recover(): Promise<RecoveredWorkload[]> {
    const { stopSignal } = this;
    const more = stopSignal && { stopSignal };
    const running = [...this.#workloads].map(([id, { address, state }]) => ({ id, state, address, ...more }));
    return [...running, ...this.left];
  }

  async *events(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    signal.addEventListener('abort', () => this.#wake());
    while (!signal.aborted) {
      const event = this.#events.shift();
      if (event !== undefined) yield event;
      else {
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
      }
    }
  }

  async stats() {
    return { cpuNs: 1, memoryBytes: 1 };
  }

  async remove(id: string): Promise<void> {
    this.asked.push(`remove ${id}`);
    const workload = this.#workloads.get(id);
    clearTimeout(workload?.kill);
    workload?.server.close();
    this.durable.endAll(id);
    this.#workloads.delete(id);
  }

  /** The program of a workload ends by itself. */
  end(id: string, exitCode?: number, more: Partial<WorkloadExit> = {}): void {
    const exit = { id, exitedAt: new Date(), outOfMemory: false, ...more };
    this.durable.endAll(id);
    this.#workloads.get(id)?.server.close();
    this.#events.push({ type: 'exit', ...exit, ...(exitCode !== undefined && { exitCode }) });
    this.#wake();
  }

  async pause(id: string): Promise<void> {
    this.asked.push(`pause ${id}`);
    this.#paused.add(id);
  }

  async resume(id: string): Promise<void> {
    this.asked.push(`resume ${id}`);
    this.#paused.delete(id);
  }

  async createRoot(name: string): Promise<void> {
    this.roots.add(name);
  }

  async removeRoot(name: string): Promise<void> {
    this.roots.delete(name);
  }

  async listRoots(): Promise<string[]> {
    return [...this.roots];
  }

  get running(): string[] {
    return [...this.#workloads.keys()];
  }
}
