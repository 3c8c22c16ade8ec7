import { defaultSupervisionLimits, type SupervisionLimits } from '../limits.ts';
import { Supervisor, type UnitRequest } from '../supervisor.ts';
import type { Unit, UnitDefinition } from '../unit.ts';
import type { UnitEvent } from '../unit-events.ts';
import type { UnitRecords } from '../unit-processes.ts';
import { type Behaviour, FakeProcesses } from './fake-processes.ts';
import { VirtualTime } from './virtual-time.ts';

/** What was recorded, as a database would keep it. */
export class FakeRecords implements UnitRecords<Behaviour> {
  readonly units = new Map<string, Unit<Behaviour>>();
  /** Throws what is thrown in it, as a full disk would. */
  beforeWrite: (name: string) => void = () => {};

  async save(unit: Unit<Behaviour>): Promise<void> {
    await Promise.resolve();
    this.beforeWrite(unit.name);
    this.units.set(unit.name, structuredClone(unit));
  }

  async remove(name: string): Promise<void> {
    await Promise.resolve();
    this.beforeWrite(name);
    this.units.delete(name);
  }
}

export type NewUnit = Behaviour & Partial<Pick<UnitDefinition<Behaviour>, 'needs' | 'port' | 'restart'>>;

/** A supervisor over fake processes in virtual time; it can be killed and come back. */
export class World {
  readonly time = new VirtualTime();
  readonly processes = new FakeProcesses(this.time);
  readonly records = new FakeRecords();
  readonly faults: unknown[] = [];
  readonly limits: SupervisionLimits;
  supervisor: Supervisor<Behaviour>;
  #killed = new AbortController();

  constructor(limits: Partial<SupervisionLimits> = {}) {
    this.limits = { ...defaultSupervisionLimits, ...limits };
    this.supervisor = this.#supervise();
    this.supervisor.boot();
  }

  /** Defines a unit and lets everything happen that takes no time. */
  async put(name: string, unit: NewUnit = {}): Promise<UnitRequest> {
    const request = await this.supervisor.define(name, definition(unit));
    await this.time.settle();
    return request;
  }

  async start(name: string): Promise<UnitRequest> {
    const request = await this.supervisor.start(name);
    await this.time.settle();
    return request;
  }

  async stop(name: string, timeoutMs = 10_000): Promise<UnitRequest> {
    const request = await this.supervisor.stop(name, timeoutMs);
    await this.time.settle();
    return request;
  }

  async restart(name: string, timeoutMs = 10_000): Promise<UnitRequest> {
    const request = await this.supervisor.restart(name, timeoutMs);
    await this.time.settle();
    return request;
  }

  /** A process ends by itself. */
  async crash(name: string, exitCode = 1): Promise<void> {
    this.processes.crash(name, exitCode);
    await this.time.settle();
  }

  state(name: string) {
    const state = this.supervisor.state(name);
    if (state === undefined) throw new Error(`there is no ${name}`);
    return state;
  }

  status(name: string) {
    return this.supervisor.state(name)?.status;
  }

  /** The server is killed: nobody is told of anything until `comeBack`. */
  kill(): void {
    this.#killed.abort();
    this.processes.tellExit = undefined;
  }

  /**
   * The server starts again.
   * @param workload whether the workload ran on meanwhile, or is booted anew
   * @param look called before anything is done
   */
  async comeBack(workload: 'ran on' | 'was booted' = 'ran on', look = (): void => {}): Promise<void> {
    this.supervisor = this.#supervise();
    look();
    if (workload === 'ran on') {
      this.supervisor.recover(this.processes.found());
    } else {
      this.processes.live.clear();
      this.supervisor.boot();
    }
    await this.time.settle();
  }

  #supervise(): Supervisor<Behaviour> {
    const { processes, records, limits, time } = this;
    this.#killed = new AbortController();
    const { signal: killed } = this.#killed;
    const reportFault = (_: string, error: unknown): string => {
      this.faults.push(error);
      return 'fault_test';
    };
    const units = structuredClone([...records.units.values()]);
    const supervisor = new Supervisor<Behaviour>(
      {
        processes: untilKilled(processes, killed),
        records: untilKilled(records, killed),
        time: {
          now: () => time.now(),
          elapsedMs: () => time.elapsedMs(),
          after: (delayMs, task) => time.after(delayMs, () => killed.aborted || task()),
        },
        limits,
        reportFault,
      },
      units,
    );
    processes.tellExit = (runId, exit) => supervisor.exited(runId, exit);
    return supervisor;
  }
}

/** What a killed server has asked for last is done or not; it never hears of it. */
function untilKilled<T extends object>(parts: T, killed: AbortSignal): T {
  return new Proxy(parts, {
    get: (target, key) => {
      const method = Reflect.get(target, key) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        await Promise.resolve();
        if (killed.aborted) return new Promise(() => {});
        const result = await method.apply(target, args);
        return killed.aborted ? new Promise(() => {}) : result;
      };
    },
  });
}

export function definition({
  needs = [],
  port,
  restart = 'always',
  ...spec
}: NewUnit): UnitDefinition<Behaviour> {
  return { spec, needs, restart, ...(port !== undefined && { port }) };
}

/** What a request told, in short, once it is done: `started 101`, `stopped 143`, `error: …`. */
export async function told(request: UnitRequest): Promise<string[]> {
  return (await Array.fromAsync(request.events())).map(inShort);
}

export function inShort(event: UnitEvent): string {
  switch (event.type) {
    case 'started':
      return `started ${event.run.pid}`;
    case 'stopped':
      return `stopped ${event.exitCode ?? '-'}`;
    case 'error':
      return `error: ${event.text}`;
    case 'killed':
      return `killed after ${event.timeoutMs}`;
    case 'stopping':
      return 'stopping';
  }
}
