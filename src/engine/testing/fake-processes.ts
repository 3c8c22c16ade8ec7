import {
  type DurableExec,
  type DurableProcess,
  type DurableProcessSpec,
  type ProcessExitEvent,
  RuntimeError,
  type StopRequest,
} from '../../runtime/runtime.ts';

interface Fake {
  readonly workloadId: string;
  readonly spec: DurableProcessSpec;
  readonly startedAt: Date;
  readonly pid: number;
  end?: { exitCode?: number; exitedAt: Date };
}

/** Durable processes without any; the first argument of each names it. `missing` can't be run, `stubborn` ignores TERM. */
export class FakeProcesses implements DurableExec {
  /** `start a`, `SIGTERM a`, `kill a`, in order. */
  readonly asked: string[] = [];
  readonly #tell: (event: ProcessExitEvent) => void;
  readonly #isPaused: (workloadId: string) => boolean;
  readonly #known = new Map<string, Fake>();
  #pids = 100;

  constructor(tell: (event: ProcessExitEvent) => void, isPaused: (workloadId: string) => boolean) {
    this.#tell = tell;
    this.#isPaused = isPaused;
  }

  async startProcess(workloadId: string, spec: DurableProcessSpec): Promise<{ pid: number }> {
    const name = spec.command[0] ?? '';
    this.asked.push(`start ${name}`);
    if (this.#isPaused(workloadId)) throw new RuntimeError('conflict', 'it is paused');
    if (name === 'missing') throw new RuntimeError('start-error', 'command not found: missing');
    const fake = { workloadId, spec, startedAt: new Date(), pid: ++this.#pids };
    this.#known.set(spec.id, fake);
    return fake;
  }

  async stopProcess(_: string, id: string, request: StopRequest): Promise<boolean> {
    const fake = this.#known.get(id);
    if (fake === undefined || fake.end !== undefined) return false;
    const [name = ''] = fake.spec.command;
    this.asked.push(`${request.hard ? 'kill' : request.signal} ${name}`);
    if (request.hard) this.#end(fake, 137);
    else if (name !== 'stubborn') this.#end(fake, 143);
    return true;
  }

  async signalProcess(_: string, id: string): Promise<boolean> {
    return this.#known.get(id)?.end === undefined;
  }

  async processes(workloadId: string): Promise<DurableProcess[]> {
    return [...this.#known.values()]
      .filter(fake => fake.workloadId === workloadId)
      .map(({ spec, startedAt, pid, end }) => {
        const common = { id: spec.id, logId: spec.logId, startedAt };
        return end === undefined
          ? { ...common, state: 'running', pid }
          : { ...common, state: 'exited', ...end };
      });
  }

  async forgetProcess(_: string, id: string): Promise<void> {
    this.#known.delete(id);
  }

  /** What runs, by name. */
  get running(): string[] {
    const live = [...this.#known.values()].filter(({ end }) => end === undefined);
    return live.map(({ spec }) => spec.command[0] ?? '').sort();
  }

  /** Ids of those that were not forgotten. */
  get known(): string[] {
    return [...this.#known.keys()];
  }

  /** A process ends by itself. @param isTold false: nobody listens */
  end(name: string, exitCode: number, isTold = true): void {
    for (const fake of this.#known.values()) {
      if (fake.spec.command[0] === name && fake.end === undefined) this.#end(fake, exitCode, isTold);
    }
  }

  /** They end with their workload. */
  endAll(workloadId: string): void {
    for (const fake of this.#known.values()) {
      if (fake.workloadId === workloadId && fake.end === undefined) this.#end(fake, 137);
    }
  }

  #end(fake: Fake, exitCode: number, isTold = true): void {
    fake.end = { exitCode, exitedAt: new Date() };
    const { workloadId, spec } = fake;
    if (isTold) this.#tell({ type: 'process-exit', workloadId, processId: spec.id, ...fake.end });
  }
}
