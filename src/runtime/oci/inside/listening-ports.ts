import { listeningSockets, SocketOwners } from '../../../lib/listening-sockets.ts';
import type { ListeningPort } from '../../runtime.ts';
import { innerPid } from '../exec/inside-process.ts';

/** Looks for the ports of containers. */
export class PortScanner {
  readonly #owners = new WeakMap<object, SocketOwners>();

  /**
   * @param container whose ports they are
   * @param mainPid a process in its network namespace, as the host counts
   * @param processes of the container, as the host counts
   */
  async scan(container: object, mainPid: number, processes: readonly number[]): Promise<ListeningPort[]> {
    const sockets = await listeningSockets(`/proc/${mainPid}`);
    const owners = this.#owners.get(container) ?? new SocketOwners();
    this.#owners.set(container, owners);
    const pids = await owners.find(new Set(sockets.map(({ inode }) => inode)), processes);
    return Promise.all(
      sockets.map(async ({ port, address, inode }) => {
        const pid = pids.get(inode);
        return { port, address, pid: pid === undefined ? 0 : await innerPid(pid) };
      }),
    );
  }
}
