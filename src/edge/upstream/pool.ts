import { limits } from '../limits.ts';
import { type Address, UpstreamConnection } from './connection.ts';

/** The kept-alive connections to one workload. The one used last is used first. */
export class UpstreamPool {
  readonly #address: Address;
  readonly #idle: UpstreamConnection[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(address: Address) {
    this.#address = address;
  }

  /** An idle connection, if there is one. */
  take(): UpstreamConnection | undefined {
    return this.#idle.pop();
  }

  /** A new connection, which is still connecting. */
  open(halfOpen: boolean): UpstreamConnection {
    return new UpstreamConnection(this.#address, halfOpen, this.#free);
  }

  /** Closes the idle connections now and the others when they get free. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#sweeper);
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  readonly #free = (connection: UpstreamConnection, reusable: boolean): void => {
    if (!reusable) {
      const place = this.#idle.indexOf(connection);
      if (place >= 0) this.#idle.splice(place, 1);
    } else if (this.#closed || this.#idle.length >= limits.maxIdleUpstreams) {
      connection.destroy();
    } else {
      connection.idleUntil = performance.now() + limits.idleUpstreamMs;
      this.#idle.push(connection);
      this.#sweeper ??= setTimeout(this.#sweep, limits.idleUpstreamMs).unref();
    }
  };

  /** The longest idle stand first. */
  readonly #sweep = (): void => {
    this.#sweeper = undefined;
    const now = performance.now();
    const fresh = this.#idle.findIndex(connection => connection.idleUntil > now);
    for (const connection of this.#idle.splice(0, fresh < 0 ? this.#idle.length : fresh))
      connection.destroy();
    const next = this.#idle[0];
    if (next !== undefined) this.#sweeper = setTimeout(this.#sweep, next.idleUntil - now + 1).unref();
  };
}
