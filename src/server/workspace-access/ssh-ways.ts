import type { AccessGateway, AccessTerms, WayIn } from '../../engine/index.ts';
import { Turns } from '../../lib/turns.ts';
import { publicKeyOf, SshGateway } from '../../network/index.ts';
import { type Runtime, RuntimeError } from '../../runtime/runtime.ts';
import type { WorkspaceInstance } from '../../store/index.ts';
import { WayNotes } from './way-notes.ts';
import { workloadTarget } from './workload-target.ts';

export interface SshWaysOptions {
  /** A folder of its own. */
  readonly folder: string;
  readonly runtime: Runtime;
  /** Home folder of root in a workspace. */
  readonly home: string;
  /** Address to listen at. */
  readonly host: string;
  /** Of the ports that workspaces get, one each. */
  readonly firstPort: number;
  readonly lastPort: number;
}

const user = 'root';

/** Ways into workspaces by SSH: each has a server on a port of its own, which stays the same over restarts. */
export class SshWays implements AccessGateway {
  readonly #options: SshWaysOptions;
  readonly #notes: WayNotes;
  readonly #open = new Map<string, SshGateway>();
  readonly #turns = new Turns();

  constructor(options: SshWaysOptions) {
    this.#options = options;
    this.#notes = new WayNotes(options.folder);
  }

  /** @throws {RuntimeError} when no port is free */
  open(instance: WorkspaceInstance, terms: AccessTerms): Promise<WayIn> {
    // In turn: two at a time would try the same port.
    return this.#turns.run('open', async () => {
      const { id, deploymentId } = instance;
      const hostKeys = await this.#notes.hostKeys(deploymentId);
      const gateway = this.#open.get(id) ?? (await this.#listen(id, hostKeys, terms));
      this.#open.set(id, gateway);
      return { port: gateway.port, hostKeys: hostKeys.map(({ publicKey }) => publicKey) };
    });
  }

  recheck(instanceId: string): void {
    this.#open.get(instanceId)?.recheck();
  }

  async close(instanceId: string): Promise<void> {
    const gateway = this.#open.get(instanceId);
    this.#open.delete(instanceId);
    await gateway?.close();
    await this.#notes.forgetPort(instanceId);
  }

  /** When the server stops; ports stay noted. */
  async closeAll(): Promise<void> {
    await this.#turns.allSettled();
    await Promise.all([...this.#open.values()].map(gateway => gateway.close()));
    this.#open.clear();
  }

  async #listen(
    id: string,
    hostKeys: Awaited<ReturnType<WayNotes['hostKeys']>>,
    { key, judge }: AccessTerms,
  ): Promise<SshGateway> {
    const { runtime, host, home } = this.#options;
    const authorizedKeys = [key.startsWith('-----BEGIN') ? publicKeyOf(key) : key];
    const target = workloadTarget(runtime, id, home);
    for (const port of await this.#candidates(id)) {
      const gateway = await SshGateway.open({
        host,
        port,
        hostKeys,
        authorizedKeys,
        user,
        target,
        judge,
      }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') return undefined;
        throw error;
      });
      if (gateway === undefined) continue;
      await this.#notes.keepPort(id, gateway.port);
      return gateway;
    }
    throw new RuntimeError('start-error', 'no forwarding port is available, try again later');
  }

  /** The one that it had, then all others; begun at a place that differs from one workspace to the next. */
  async #candidates(id: string): Promise<number[]> {
    const { firstPort, lastPort } = this.#options;
    const count = lastPort - firstPort + 1;
    const known = await this.#notes.port(id);
    const taken = new Set([...this.#open.values()].map(({ port }) => port));
    const begin = Number.parseInt(id.slice(0, 8), 16) % count;
    const ports = Array.from({ length: count }, (_, n) => firstPort + ((begin + n) % count));
    return [...(known === undefined ? [] : [known]), ...ports.filter(port => !taken.has(port))];
  }
}
