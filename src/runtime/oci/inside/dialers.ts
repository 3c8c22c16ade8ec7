import { isIP, type Socket } from 'node:net';
import { hostsAddresses, nameServers } from '../../../lib/name-files.ts';
import { Slots } from '../../../lib/turns.ts';
import { ConnectError, type ConnectRequest } from '../../runtime.ts';
import { ociLimits } from '../limits.ts';
import { Dialer } from './dialer.ts';
import { readInside } from './inside-files.ts';

export interface DialTarget {
  readonly id: string;
  readonly namespacePath: string;
  readonly rootPath: string;
}

/** Connections from inside containers: a process for each that has asked for some lately, and few at a time. */
export class Dialers {
  readonly #dialers = new Map<string, Dialer>();
  readonly #slots = new Slots(ociLimits.maxDials);

  /** @throws {ConnectError}; the reason of the request's signal */
  async connect(target: DialTarget, { host, port, timeoutMs, signal }: ConnectRequest): Promise<Socket> {
    const name = host.replace(/^\[(.*)\]$/, '$1');
    const timeout = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, timeout]);
    try {
      return await this.#slots.run(async () => {
        either.throwIfAborted();
        const addresses = await knownAddresses(target.rootPath, name);
        const servers =
          addresses.length > 0 ? [] : nameServers(await readInside(target.rootPath, 'etc/resolv.conf'));
        either.throwIfAborted();
        return this.#of(target).dial({ host: name, port, addresses, servers }, either);
      });
    } catch (error) {
      signal.throwIfAborted();
      const why = timeout.aborted ? `no connection within ${timeoutMs} ms` : (error as Error).message;
      throw new ConnectError(`${host}:${port}: ${why}`, { cause: error });
    }
  }

  /** Before its network namespace is removed. */
  async end(id: string): Promise<void> {
    const dialer = this.#dialers.get(id);
    this.#dialers.delete(id);
    await dialer?.end();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#dialers.keys()].map(id => this.end(id)));
  }

  #of({ id, namespacePath }: DialTarget): Dialer {
    const found = this.#dialers.get(id);
    if (found && !found.isEnding) return found;
    this.#makeRoom();
    const dialer = new Dialer(namespacePath);
    this.#dialers.set(id, dialer);
    void dialer.ended.then(() => {
      if (this.#dialers.get(id) === dialer) this.#dialers.delete(id);
    });
    return dialer;
  }

  /** Ends those that have rested longest. */
  #makeRoom(): void {
    const idle = [...this.#dialers].filter(([, dialer]) => dialer.isIdle);
    idle.sort(([, one], [, other]) => one.usedAt - other.usedAt);
    const excess = this.#dialers.size - ociLimits.maxDialers + 1;
    for (const [id] of idle.slice(0, Math.max(0, excess))) void this.end(id);
  }
}

/** Without asking a name server. */
async function knownAddresses(rootPath: string, name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  const listed = hostsAddresses(await readInside(rootPath, 'etc/hosts'), name);
  if (listed.length > 0) return listed;
  return /^(.*\.)?localhost\.?$/i.test(name) ? ['127.0.0.1', '::1'] : []; // RFC 6761, 6.3
}
