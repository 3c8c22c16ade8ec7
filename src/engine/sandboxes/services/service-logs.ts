import { join } from 'node:path';
import type { Clock } from '../../../lib/clock.ts';
import { Turns } from '../../../lib/turns.ts';
import type { Logs } from '../../../logs/logs.ts';
import type { Volumes } from '../../../volumes/volumes.ts';
import { privateVolume } from '../layout.ts';
import { ServiceLog } from '../service-log/index.ts';
import { lastCopyTimeoutMs, type ServicesLimits } from './limits.ts';

export interface ServiceLogsParts {
  readonly sandboxId: string;
  readonly logs: Logs;
  readonly volumes: Volumes;
  readonly limits: Pick<ServicesLimits, 'log'>;
  readonly clock: Clock;
  /** Fires when the server stops: what is not copied by then is copied by the next one. */
  readonly closing: AbortSignal;
  readonly reportFault: (error: unknown) => void;
}

/** Below the private folder. */
const logsFolder = 'logs/services';
/** Of the server's own. */
const notesFolder = 'service-notes';

interface OpenLog {
  readonly serviceId: string;
  readonly log: Promise<ServiceLog>;
  readonly stop: AbortController;
}

/** The log files of a sandbox's services, which stand in its private folder and outlive the services. */
export class ServiceLogs {
  readonly #parts: ServiceLogsParts;
  readonly #open = new Map<string, OpenLog>();
  readonly #turns = new Turns();

  constructor(parts: ServiceLogsParts) {
    this.#parts = parts;
  }

  /** Opens the log of a service, with all that was written before it was opened. */
  async get(name: string, serviceId: string): Promise<ServiceLog> {
    return this.#log(name, serviceId).log;
  }

  /**
   * Copies output to the files; never rejects.
   * @param end tells up to which position in the log of the service
   * @returns the position in the files after it
   */
  async copy(name: string, serviceId: string, end: Promise<number>): Promise<number> {
    const { closing, reportFault } = this.#parts;
    const { log, stop } = this.#log(name, serviceId);
    try {
      return await (await log).copy({ end, signal: AbortSignal.any([closing, stop.signal]) });
    } catch (error) {
      reportFault(error);
      return 0;
    }
  }

  /** The service is no more: its files stay, the log that they were copied from goes. */
  drop(name: string, serviceId: string): void {
    const { logs, reportFault } = this.#parts;
    const known = this.#open.get(name);
    this.#open.delete(name);
    this.#turns
      .run(name, async () => {
        await this.#finish(known);
        await logs.remove(serviceId);
      })
      .catch(reportFault);
  }

  /** Nothing runs any more: lets go of all files until something is written again. */
  rest(): void {
    for (const { log } of this.#open.values())
      log.then(opened => opened.close()).catch(this.#parts.reportFault);
  }

  /** Removes the logs that the files were copied from; the files go with the sandbox. */
  async removeAll(serviceIds: readonly string[]): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { stop } of open) stop.abort();
    await Promise.allSettled(open.map(known => this.#finish(known)));
    await this.#turns.allSettled();
    for (const id of serviceIds) await this.#parts.logs.remove(id);
  }

  /** The server stops; resolves when nothing is written any more. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#open.values()].map(async ({ log }) => (await log).close()));
    await this.#turns.allSettled();
  }

  #log(name: string, serviceId: string): OpenLog {
    const known = this.#open.get(name);
    if (known?.serviceId === serviceId) return known;
    // After what is left to do for an earlier service of this name.
    const log = this.#turns.run(name, () => this.#begin(name, serviceId));
    const opened = { serviceId, log, stop: new AbortController() };
    this.#open.set(name, opened);
    log.catch(() => {
      if (this.#open.get(name) === opened) this.#open.delete(name);
    });
    return opened;
  }

  async #begin(name: string, serviceId: string): Promise<ServiceLog> {
    const { sandboxId, volumes, logs, limits, clock, reportFault } = this.#parts;
    const { owner, path } = privateVolume(sandboxId);
    // Inside, programs can only read; the paths lead where they led when they were made.
    await using folder = await volumes.open({ owner, path: `${path}/${logsFolder}` });
    await using notes = await volumes.open({ owner, path: notesFolder });
    return ServiceLog.open({
      logs,
      logId: serviceId,
      path: join(folder.path, `${name}.log`),
      notePath: join(notes.path, `${name}.json`),
      limits: limits.log,
      clock,
      reportFault,
    });
  }

  async #finish(known: OpenLog | undefined): Promise<void> {
    if (known === undefined) return;
    const limit = setTimeout(() => known.stop.abort(), lastCopyTimeoutMs);
    try {
      await (await known.log).close();
    } finally {
      clearTimeout(limit);
    }
  }
}
