import type { FoundRun } from '../recovery.ts';
import { LaunchError } from '../supervision-error.ts';
import type { UnitExit } from '../unit.ts';
import type { UnitProcesses, UnitToLaunch } from '../unit-processes.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How the process of a unit behaves; the spec of units in tests. */
export interface Behaviour {
  /** Launching fails with this text. */
  readonly missing?: string;
  readonly launchMs?: number;
  /** Ends by itself after this time, with this code. */
  readonly ends?: { readonly afterMs: number; readonly exitCode: number };
  /** TERM is answered after this time; at once when absent. */
  readonly termMs?: number;
  readonly termCode?: number;
  readonly ignoresTerm?: boolean;
  /** Its port accepts this long after the launch; never when absent. */
  readonly listensAfterMs?: number;
  /** Only makes this definition another one. */
  readonly version?: number;
}

export interface FakeProcess {
  readonly unit: string;
  readonly runId: string;
  readonly pid: number;
  readonly behaviour: Behaviour;
  readonly port: number | undefined;
  readonly atMs: number;
}

/** Processes without any: they live in virtual time and remember what was asked of them. */
export class FakeProcesses implements UnitProcesses<Behaviour> {
  /** `start a`, `TERM a`, `KILL a`, in order. */
  readonly asked: string[] = [];
  readonly launches: { unit: string; atMs: number }[] = [];
  readonly live = new Map<string, FakeProcess>();
  /** How processes ended, by run. */
  readonly #ends = new Map<string, UnitExit>();
  /** Called as each process begins. */
  onLaunch: (unit: string) => void = () => {};
  /** Called as each process ends. */
  onEnd: (unit: string) => void = () => {};
  tellExit: ((runId: string, exit: UnitExit) => void) | undefined;
  readonly #time: VirtualTime;
  readonly #unitOf = new Map<string, string>();
  #pids = 100;
  #looks = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  async start({ name, definition }: UnitToLaunch<Behaviour>, runId: string): Promise<{ pid: number }> {
    const { spec: behaviour, port } = definition;
    this.asked.push(`start ${name}`);
    this.#unitOf.set(runId, name);
    this.launches.push({ unit: name, atMs: this.#time.elapsedMs() });
    const looks = this.#looks;
    await this.#delay(behaviour.launchMs ?? 0);
    // A launch of a killed server that is not done when the next one looks is given up.
    if (this.#looks !== looks) throw new LaunchError('given up');
    if (behaviour.missing !== undefined) throw new LaunchError(behaviour.missing);
    this.onLaunch(name);
    const process = {
      unit: name,
      runId,
      behaviour,
      port,
      pid: ++this.#pids,
      atMs: this.#time.elapsedMs(),
    };
    this.live.set(runId, process);
    const { ends } = behaviour;
    if (ends?.afterMs === 0) this.end(runId, ends.exitCode);
    else if (ends !== undefined) this.#time.after(ends.afterMs, () => this.end(runId, ends.exitCode));
    return { pid: process.pid };
  }

  async stop(runId: string, { hard }: { timeoutMs: number; hard: boolean }): Promise<boolean> {
    this.asked.push(`${hard ? 'KILL' : 'TERM'} ${this.#unitOf.get(runId) ?? runId}`);
    const process = this.live.get(runId);
    if (process === undefined) return false;
    const { ignoresTerm, termMs = 0, termCode = 143 } = process.behaviour;
    if (hard) this.end(runId, 137);
    else if (!ignoresTerm && termMs === 0) this.end(runId, termCode);
    else if (!ignoresTerm) this.#time.after(termMs, () => this.end(runId, termCode));
    return true;
  }

  async signal(runId: string, signal: NodeJS.Signals | number): Promise<boolean> {
    if (!this.live.has(runId)) return false;
    if (signal === 'SIGKILL' || signal === 9) this.end(runId, 137);
    return true;
  }

  async portAccepts(port: number, limits: { timeoutMs: number; signal: AbortSignal }): Promise<boolean> {
    const deadlineMs = this.#time.elapsedMs() + limits.timeoutMs;
    while (!limits.signal.aborted) {
      if (this.#isListening(port)) return true;
      if (this.#time.elapsedMs() >= deadlineMs) return false;
      await this.#delay(10);
    }
    return false;
  }

  /** A process ends, by itself or not. */
  end(runId: string, exitCode: number): void {
    if (!this.live.delete(runId)) return;
    this.onEnd(this.#unitOf.get(runId) ?? runId);
    const exit = { exitCode, exitedAt: this.#time.now() };
    this.#ends.set(runId, exit);
    this.tellExit?.(runId, exit);
  }

  /** What a server finds that comes back: what runs and what has ended, by run. */
  found(): Map<string, FoundRun> {
    this.#looks++;
    const running = [...this.live.values()].map(({ runId, pid }) => [runId, { pid }] as const);
    return new Map<string, FoundRun>([...running, ...this.#ends]);
  }

  of(unit: string): FakeProcess[] {
    return [...this.live.values()].filter(process => process.unit === unit);
  }

  /** The process of a unit ends by itself. */
  crash(unit: string, exitCode = 1): void {
    for (const { runId } of this.of(unit)) this.end(runId, exitCode);
  }

  #isListening(port: number): boolean {
    return [...this.live.values()].some(
      process =>
        process.port === port &&
        this.#time.elapsedMs() >=
          process.atMs + (process.behaviour.listensAfterMs ?? Number.POSITIVE_INFINITY),
    );
  }

  #delay(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise(resolve => {
      this.#time.after(ms, resolve);
    });
  }
}
