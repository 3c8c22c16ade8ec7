import type { ServiceLogs } from './service-logs.ts';
import { ServiceRun } from './service-run.ts';

/** How many processes of a service are known at a time: streams may still be about one that was replaced. */
const keptRuns = 8;

/** The processes of the services of a sandbox, with what is known of their output. */
export class ServiceRuns {
  readonly #logs: ServiceLogs;
  readonly #byId = new Map<string, ServiceRun>();

  constructor(logs: ServiceLogs) {
    this.#logs = logs;
  }

  /** @param begin position in the log before its first output */
  add(name: string, serviceId: string, id: string, begin: number): ServiceRun {
    const run = new ServiceRun(id, serviceId, begin, end => this.#logs.copy(name, serviceId, end));
    this.#byId.set(id, run);
    this.#forgetOld(serviceId);
    return run;
  }

  get(id: string): ServiceRun | undefined {
    return this.#byId.get(id);
  }

  /** Those that have not ended. */
  get live(): ServiceRun[] {
    return [...this.#byId.values()].filter(({ isOver }) => !isOver);
  }

  /** Of one service. */
  liveOf(serviceId: string): ServiceRun | undefined {
    return this.live.find(run => run.serviceId === serviceId);
  }

  #forgetOld(serviceId: string): void {
    const ended = [...this.#byId.values()].filter(run => run.serviceId === serviceId && run.isOver);
    for (const run of ended.slice(0, Math.max(0, ended.length - keptRuns))) this.#byId.delete(run.id);
  }
}
