import { ListeningSockets, SocketOwners } from '../../../lib/listening-sockets.ts';
import { Lineages } from '../../../lib/process-lineage.ts';
import type { ListeningPort } from '../../runtime.ts';

/** Looks for the ports of containers. */
export class PortScanner {
  readonly #known = new WeakMap<object, { sockets: ListeningSockets; owners: SocketOwners }>();

  /**
   * @param container whose ports they are
   * @param mainPid a process in its network namespace, as the host counts
   * @param processes of the container, as the host counts
   */
  async scan(
    container: object,
    mainPid: number,
    processes: () => Promise<readonly number[]>,
  ): Promise<ListeningPort[]> {
    const known = this.#known.get(container) ?? {
      sockets: new ListeningSockets(),
      owners: new SocketOwners(),
    };
    this.#known.set(container, known);
    const sockets = await known.sockets.now(`/proc/${mainPid}`, await known.owners.refresh());
    const pids = await known.owners.find(new Set(sockets.map(({ inode }) => inode)), processes);
    const lineages = new Lineages();
    return Promise.all(
      sockets.map(async ({ port, address, inode }) => {
        const lineage = await lineages.of(pids.get(inode) ?? 0);
        return { port, address, pid: lineage[0] ?? 0, lineage };
      }),
    );
  }
}
