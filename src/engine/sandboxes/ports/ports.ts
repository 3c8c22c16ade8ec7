import type { Duplex } from 'node:stream';
import { BerthError } from '../../../lib/errors.ts';
import { Turns } from '../../../lib/turns.ts';
import {
  type ListeningPort,
  type LooksInside,
  looksInside,
  type Runtime,
  RuntimeError,
} from '../../../runtime/runtime.ts';
import type { LiveSandbox } from '../live-sandbox.ts';

export interface PortsParts {
  readonly sandbox: Pick<LiveSandbox, 'use' | 'power'>;
  readonly runtime: Runtime;
}

/** Follows the ports that programs of a sandbox listen on. */
export interface PortListener {
  opened(port: ListeningPort): void;
  closed(port: ListeningPort): void;
}

export interface WatchedPorts {
  /** When the watch began. */
  readonly ports: readonly ListeningPort[];
  readonly stop: () => void;
}

export interface Tunnel {
  readonly stream: Duplex;
  /** Once it is closed: the sandbox is not kept awake for it any more. */
  readonly release: () => void;
}

const scanIntervalMs = 500;
const connectTimeoutMs = 10_000;

/** Ports that programs of one sandbox listen on, as they see them. They are looked for only while somebody watches. */
export class Ports {
  readonly #parts: PortsParts;
  readonly #listeners = new Set<PortListener>();
  /** One look after the other, so that none tells what was true before the last one. */
  readonly #looks = new Turns();
  #known: ReadonlyMap<string, ListeningPort> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: PortsParts) {
    this.#parts = parts;
  }

  /**
   * Tells of ports from now on; the sandbox is woken, and kept awake. The listener may be told of changes before this
   * returns: they come after what it returns.
   * @throws {BerthError} `unsupported`; `no-capacity` when the sandbox does not wake
   */
  async watch(listener: PortListener, signal?: AbortSignal): Promise<WatchedPorts> {
    const runtime = this.#runtime();
    const use = await this.#parts.sandbox.use(signal);
    try {
      const ports = await this.#looks.run('look', async () => {
        this.#take(byKey(await runtime.listeningPorts(use.workloadId)));
        this.#add(listener);
        return [...this.#known.values()];
      });
      const stop = (): void => {
        if (this.#remove(listener)) use.release();
      };
      return { ports, stop };
    } catch (error) {
      use.release();
      throw refusal(error);
    }
  }

  /**
   * Tells of ports that there are, and from now on, to somebody who keeps the sandbox awake by other means. Where
   * the runtime can't look inside nothing is told.
   * @returns stops it
   */
  follow(listener: PortListener): () => void {
    if (!looksInside(this.#parts.runtime)) return () => {};
    for (const port of this.#known.values()) listener.opened(port);
    this.#add(listener);
    return () => void this.#remove(listener);
  }

  /**
   * Connects to a port from inside.
   * @throws {BerthError} `unsupported`; `no-capacity`
   * @throws {ConnectError} when nothing answers there in time
   */
  async connect(
    { host, port }: { readonly host: string; readonly port: number },
    signal: AbortSignal,
  ): Promise<Tunnel> {
    const runtime = this.#runtime();
    const use = await this.#parts.sandbox.use(signal);
    try {
      const request = { host, port, timeoutMs: connectTimeoutMs, signal };
      return { stream: await runtime.connect(use.workloadId, request), release: use.release };
    } catch (error) {
      use.release();
      throw refusal(error);
    }
  }

  #runtime(): LooksInside {
    const { runtime } = this.#parts;
    if (looksInside(runtime)) return runtime;
    throw new BerthError('unsupported', `the ${runtime.name} runtime does not reach ports of sandboxes`);
  }

  #add(listener: PortListener): void {
    this.#listeners.add(listener);
    this.#lookLater();
  }

  /** @returns false when it was removed before */
  #remove(listener: PortListener): boolean {
    if (!this.#listeners.delete(listener)) return false;
    if (this.#listeners.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#known = new Map();
    }
    return true;
  }

  #lookLater(): void {
    if (this.#timer !== undefined) return;
    const timer = setTimeout(() => {
      void this.#looks
        .run('look', async () => {
          const found = await this.#look();
          if (this.#listeners.size > 0) this.#take(found);
        })
        .finally(() => {
          if (this.#timer !== timer) return;
          this.#timer = undefined;
          this.#lookLater();
        });
    }, scanIntervalMs).unref();
    this.#timer = timer;
  }

  /** A sandbox that does not execute just now listens nowhere. What can't be found out is as it was. */
  async #look(): Promise<ReadonlyMap<string, ListeningPort>> {
    const { workloadId, state } = this.#parts.sandbox.power;
    if (workloadId === undefined || state !== 'running') return new Map();
    return this.#runtime()
      .listeningPorts(workloadId)
      .then(byKey, () => this.#known);
  }

  #take(found: ReadonlyMap<string, ListeningPort>): void {
    const before = this.#known;
    this.#known = found;
    const gone = [...before].filter(([key]) => !found.has(key));
    const come = [...found].filter(([key]) => !before.has(key));
    for (const listener of this.#listeners) {
      for (const [, port] of gone) listener.closed(port);
      for (const [, port] of come) listener.opened(port);
    }
  }
}

function byKey(ports: readonly ListeningPort[]): ReadonlyMap<string, ListeningPort> {
  return new Map(ports.map(port => [portKey(port), port]));
}

/** Another process that listens at the same place is another port. */
export function portKey({ address, port, pid }: ListeningPort): string {
  return `${address} ${port} ${pid}`;
}

/** What is asked of a workload that has just ended. */
function refusal(error: unknown): unknown {
  if (!(error instanceof RuntimeError)) return error;
  return new BerthError('no-capacity', `the sandbox has just ended: ${error.message}`, { cause: error });
}
