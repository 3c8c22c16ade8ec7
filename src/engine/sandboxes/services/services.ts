import type { Clock } from '../../../lib/clock.ts';
import { BerthError } from '../../../lib/errors.ts';
import { Turns } from '../../../lib/turns.ts';
import type { Logs } from '../../../logs/logs.ts';
import {
  type DurableExec,
  hasDurableExec,
  type ProcessExit,
  type Runtime,
  type WorkloadAccount,
} from '../../../runtime/runtime.ts';
import type { SandboxService, SandboxServiceDefinition, SandboxStore } from '../../../store/store.ts';
import type { Volumes } from '../../../volumes/volumes.ts';
import { SupervisionError, Supervisor, type UnitRequest, type UnitState } from '../../supervision/index.ts';
import type { Workloads } from '../../workloads/workloads.ts';
import type { LiveSandbox } from '../live-sandbox.ts';
import type { Resident } from '../resident.ts';
import type { ServicesLimits } from './limits.ts';
import { type ReadLogOptions, readServiceLog } from './read-log.ts';
import { Reboots } from './reboots.ts';
import { type PortState, RequestedPort } from './requested-port.ts';
import { ServiceError } from './service-error.ts';
import { type ServiceEvent, type ServiceEventsOptions, serviceEvents } from './service-events.ts';
import { ServiceLogs } from './service-logs.ts';
import { ServiceProcesses } from './service-processes.ts';
import { ServiceRecords, unitDefinition, unitOf } from './service-records.ts';
import type { ServiceRun } from './service-run.ts';
import { ServiceRuns } from './service-runs.ts';

export interface ServicesParts {
  readonly sandbox: LiveSandbox;
  readonly store: Pick<SandboxStore, 'putService' | 'deleteService'>;
  readonly runtime: Runtime;
  readonly workloads: Pick<Workloads, 'get' | 'alsoRotate'>;
  readonly logs: Logs;
  readonly volumes: Volumes;
  readonly account: WorkloadAccount;
  readonly limits: {
    readonly stopGraceMs: number;
    readonly rebootDelayMs: number;
    readonly services: ServicesLimits;
  };
  readonly clock: Clock;
  /** Fires when the server stops. */
  readonly closing: AbortSignal;
  readonly reportFault: (subject: string, error: unknown) => string;
}

/** A service as it can be seen. */
export interface ServiceView {
  readonly name: string;
  readonly definition: SandboxServiceDefinition;
  readonly desired: 'running' | 'stopped';
  readonly state: UnitState;
}

/** A request that is under way; it goes on whether anybody looks at it or not. */
export interface ServiceRequest {
  readonly name: string;
  events(options: ServiceEventsOptions): AsyncGenerator<ServiceEvent, void, undefined>;
}

const turn = 'processes';

/** The services of one sandbox: supervised processes that come up with it, and outlive the server with it. */
export class SandboxServices implements Resident {
  readonly #parts: ServicesParts;
  readonly #logs: ServiceLogs;
  readonly #runs: ServiceRuns;
  readonly #records: ServiceRecords;
  readonly #processes: ServiceProcesses | undefined;
  readonly #supervisor: Supervisor<SandboxServiceDefinition>;
  readonly #port: RequestedPort;
  readonly #reboots: Reboots;
  /** What the runtime tells is taken up in its order. */
  readonly #turns = new Turns();

  /** @param services as the store has them */
  constructor(parts: ServicesParts, services: readonly SandboxService[]) {
    this.#parts = parts;
    const { sandbox, runtime, limits, workloads } = parts;
    const reportFault = (error: unknown): string => parts.reportFault(sandbox.record.id, error);
    this.#logs = new ServiceLogs({
      ...parts,
      sandboxId: sandbox.record.id,
      limits: limits.services,
      reportFault,
    });
    this.#runs = new ServiceRuns(this.#logs);
    this.#records = new ServiceRecords(
      {
        store: parts.store,
        sandboxId: sandbox.record.id,
        onRecordedEnd: runId => this.#forget(runId),
        onRemoved: (name, id) => this.#logs.drop(name, id),
      },
      services,
    );
    if (hasDurableExec(runtime)) {
      this.#processes = new ServiceProcesses({
        ...parts,
        runtime,
        runs: this.#runs,
        idOf: name => this.#records.idOf(name),
        addressOf: id => workloads.get(id)?.address,
      });
    }
    this.#supervisor = new Supervisor(
      {
        processes: this.#processes ?? noProcesses,
        records: this.#records,
        limits: limits.services.supervision,
        reportFault: (_, error) => reportFault(error),
      },
      services.map(service => unitOf(service, limits.services.restart)),
    );
    this.#port = new RequestedPort(this, { limits: limits.services, portAccepts: this.portAccepts });
    this.#reboots = new Reboots({ sandbox, delayMs: limits.rebootDelayMs, reportFault });
    workloads.alsoRotate(() => this.#runs.live.map(({ serviceId }) => serviceId));
  }

  // --- Looking -----------------------------------------------------------------------------------------------

  /** By name. */
  list(): ServiceView[] {
    return this.#supervisor.units().map(({ name }) => this.get(name));
  }

  /** @throws {SupervisionError} `unknown-unit` */
  get(name: string): ServiceView {
    const unit = this.#supervisor.unit(name);
    const state = this.#supervisor.state(name);
    if (unit === undefined || state === undefined) {
      throw new SupervisionError('unknown-unit', `there is no service "${name}"`, [name]);
    }
    return { name, definition: unit.definition.spec, desired: unit.desired, state };
  }

  /**
   * Opens its log, to be read; see {@link readServiceLog}.
   * @throws {SupervisionError} `unknown-unit`
   */
  async openLog(
    name: string,
  ): Promise<(options: ReadLogOptions) => AsyncGenerator<ServiceEvent, void, undefined>> {
    this.get(name);
    const { logs, clock } = this.#parts;
    const serviceId = this.#records.idOf(name);
    const log = await this.#logs.get(name, serviceId);
    // What was written after its last process had ended, or before a crash of the server.
    if (this.#runs.liveOf(serviceId) === undefined) await this.#copyRest(name, serviceId);
    const runOf = (id: string): ServiceRun | undefined => this.#runs.get(id);
    const feed = (signal: AbortSignal) => this.#supervisor.subscribe(name, signal);
    return options => readServiceLog(options, { log, serviceId, logs, clock, runOf, feed });
  }

  /** Whether something is being started or stopped: not the time to pause its sandbox. */
  get isBusy(): boolean {
    return this.#supervisor.isBusy;
  }

  // --- Requests ----------------------------------------------------------------------------------------------

  /**
   * Durable. Adds or replaces a definition and has it run: started, restarted where it has changed, or left.
   * @throws {SupervisionError} `unknown-need`, `cyclic-needs`
   * @throws {ServiceError}
   * @throws {BerthError} `no-capacity` when the sandbox does not wake; `unsupported` where there are no services
   */
  async put(
    name: string,
    definition: SandboxServiceDefinition,
    signal?: AbortSignal,
  ): Promise<ServiceRequest> {
    const { maxServices, restart } = this.#parts.limits.services;
    return this.#request(name, signal, () =>
      this.#supervisor.define(name, unitDefinition(definition, restart), others => {
        const holder = others.find(other => other.definition.port !== undefined);
        if (definition.httpPort !== undefined && holder !== undefined) {
          throw new ServiceError('port-taken', `service "${holder.name}" has an HTTP port already`);
        }
        if (others.length >= maxServices) {
          throw new ServiceError('too-many-services', `a sandbox may have ${maxServices} services`);
        }
      }),
    );
  }

  /**
   * Stops it and forgets it, but for its log files; resolves when it is gone.
   * @throws {SupervisionError} `unknown-unit`; `in-use` when others are defined to need it
   */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    this.get(name);
    const { release } = await this.#use(signal);
    try {
      await this.#supervisor.remove(name);
    } finally {
      release();
    }
  }

  /**
   * Durable. With what it needs; where it runs already, only that is told.
   * @param cause `wanted`: something needs it now, and its automatic restarts are not counted anew
   * @throws {SupervisionError} `unknown-unit`
   */
  async start(
    name: string,
    cause: 'asked' | 'wanted' = 'asked',
    signal?: AbortSignal,
  ): Promise<ServiceRequest> {
    this.get(name);
    return this.#request(name, signal, () => this.#supervisor.start(name, cause));
  }

  /**
   * Durable.
   * @param timeoutMs from TERM to KILL
   * @throws {SupervisionError} `unknown-unit`; `in-use` when something that needs it runs or starts; `not-running`
   */
  async stop(name: string, timeoutMs: number, signal?: AbortSignal): Promise<ServiceRequest> {
    this.get(name);
    return this.#request(name, signal, () => this.#supervisor.stop(name, timeoutMs));
  }

  /**
   * Durable. Stops it where it runs, and starts it.
   * @param timeoutMs from TERM to KILL
   * @throws {SupervisionError} `unknown-unit`
   */
  async restart(name: string, timeoutMs: number, signal?: AbortSignal): Promise<ServiceRequest> {
    this.get(name);
    return this.#request(name, signal, () => this.#supervisor.restart(name, timeoutMs));
  }

  /** To its main process. @throws {SupervisionError} `unknown-unit`, `not-running` */
  async signal(name: string, signalName: NodeJS.Signals | number, signal?: AbortSignal): Promise<void> {
    this.get(name);
    const { release } = await this.#use(signal);
    try {
      await this.#supervisor.signal(name, signalName);
    } finally {
      release();
    }
  }

  /** What is behind the sandbox's host, once what has to be started for it is. The sandbox executes. */
  openPort(): Promise<PortState> {
    return this.#port.open();
  }

  readonly portAccepts: ServiceProcesses['portAccepts'] = async (port, limits) =>
    (await this.#processes?.portAccepts(port, limits)) ?? false;

  // --- Ups and downs of the sandbox --------------------------------------------------------------------------

  async booted(workloadId: string, adopted: boolean): Promise<void> {
    const { runtime } = this.#parts;
    await this.#turns.run(turn, async () => {
      this.#supervisor.resume();
      this.#reboots.booted();
      if (this.#processes === undefined || !hasDurableExec(runtime)) return;
      this.#processes.workloadId = workloadId;
      if (adopted) await this.#recover(runtime, workloadId);
      else this.#supervisor.boot();
    });
  }

  pausing(): void {
    this.#supervisor.pause();
  }

  resumed(): void {
    this.#supervisor.resume();
  }

  async stopping(): Promise<void> {
    const { sandbox, limits } = this.#parts;
    await this.#supervisor.shutDown(sandbox.deleted ? 0 : limits.stopGraceMs);
  }

  /** What the runtime has told of its processes comes first. */
  ended(_: string, expected: boolean): void {
    this.#inTurn(async () => {
      if (this.#processes !== undefined) this.#processes.workloadId = undefined;
      for (const run of this.#runs.live) await run.over(this.#parts.logs);
      this.#supervisor.lost();
      this.#logs.rest();
    });
    if (!expected && this.#supervisor.units().some(({ desired }) => desired === 'running'))
      this.#reboots.lost();
  }

  /** A process of a service has ended, and its log is complete. */
  processEnded({ processId, exitCode, exitedAt }: ProcessExit): void {
    this.#inTurn(async () => {
      const run = this.#runs.get(processId);
      if (run === undefined) return this.#forget(processId);
      await run.over(this.#parts.logs);
      this.#supervisor.exited(processId, { exitCode, exitedAt });
    });
  }

  /** The sandbox is deleted: removes what it has left but its files. */
  async clear(): Promise<void> {
    this.#reboots.close();
    await this.#turns.settled(turn);
    await this.#supervisor.close();
    await this.#logs.removeAll(this.#records.ids);
  }

  /** The server stops: what runs is left, where it can be. Resolves when nothing is done about it any more. */
  async close(): Promise<void> {
    this.#reboots.close();
    await this.#supervisor.close();
    await this.#turns.settled(turn);
    await this.#logs.close();
  }

  async #recover(runtime: DurableExec, workloadId: string): Promise<void> {
    const found = new Map((await runtime.processes(workloadId)).map(process => [process.id, process]));
    const known = new Set<string>();
    for (const { name, record } of this.#supervisor.units()) {
      const serviceId = this.#records.idOf(name);
      if (record.runId === undefined) {
        void this.#copyRest(name, serviceId);
        continue;
      }
      known.add(record.runId);
      const run = this.#runs.add(name, serviceId, record.runId, 0);
      if (found.get(record.runId)?.state !== 'running') await run.over(this.#parts.logs);
    }
    this.#supervisor.recover(found);
    for (const { id, state } of found.values()) {
      if (known.has(id)) continue;
      if (state === 'running') await runtime.stopProcess(workloadId, id, { hard: true });
      else this.#forget(id);
    }
  }

  async #request(
    name: string,
    signal: AbortSignal | undefined,
    begin: () => Promise<UnitRequest>,
  ): Promise<ServiceRequest> {
    const { release } = await this.#use(signal);
    let request: UnitRequest;
    try {
      request = await begin();
    } catch (error) {
      release();
      throw error;
    }
    void request.outcome.finally(release);
    const { logs, clock, limits } = this.#parts;
    const parts = {
      logs,
      clock,
      limits: limits.services.log.joining,
      runOf: (id: string) => this.#runs.get(id),
    };
    return { name, events: options => serviceEvents(request, options, parts) };
  }

  async #use(signal?: AbortSignal) {
    const { runtime, sandbox } = this.#parts;
    if (this.#processes === undefined) {
      throw new BerthError('unsupported', `the ${runtime.name} runtime has no services`);
    }
    return sandbox.use(signal);
  }

  /** Of a service that does not run. */
  async #copyRest(name: string, serviceId: string): Promise<void> {
    await this.#logs.copy(name, serviceId, this.#parts.logs.end(serviceId));
  }

  /** Its end is recorded: the runtime need not remember it. */
  #forget(runId: string): void {
    const { runtime, reportFault, sandbox } = this.#parts;
    const workloadId = this.#processes?.workloadId;
    if (workloadId === undefined || !hasDurableExec(runtime)) return;
    runtime.forgetProcess(workloadId, runId).catch(error => reportFault(sandbox.record.id, error));
  }

  #inTurn(task: () => Promise<void>): void {
    const { reportFault, sandbox } = this.#parts;
    this.#turns.run(turn, task).catch(error => reportFault(sandbox.record.id, error));
  }
}

/** Where a runtime has no durable processes nothing can be defined, so nothing is ever asked of them. */
const noProcesses = {
  start: async () => {
    throw new Error('there are no processes');
  },
  stop: async () => false,
  signal: async () => false,
  portAccepts: async () => false,
};
