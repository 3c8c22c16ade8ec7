import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A TCP socket that accepts connections. */
export interface ListeningSocket {
  /** As in `127.0.0.1`, `::`; IPv4 in its own form also where it is mapped into IPv6. */
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** State of a listening socket in the kernel's tables. */
const listening = '0A';

/** The listening sockets of a network namespace. @param procFolder `/proc/<pid>` of a process in it */
export async function listeningSockets(procFolder: string): Promise<ListeningSocket[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(table => readFile(join(procFolder, 'net', table), 'utf8').catch(() => '')),
  );
  const found = new Map<string, ListeningSocket>();
  for (const line of tables.flatMap(table => table.split('\n').slice(1))) {
    const socket = parseSocket(line);
    // Several processes may listen on the same port, each with a socket of its own.
    if (socket) found.set(`${socket.address} ${socket.port}`, socket);
  }
  return [...found.values()];
}

/** A line of `/proc/net/tcp` or `tcp6` (proc_pid_net(5)); undefined where it is none of a listening socket. */
export function parseSocket(line: string): ListeningSocket | undefined {
  const fields = line.trim().split(/\s+/);
  const [address = '', port = ''] = (fields[1] ?? '').split(':');
  const inode = fields[9];
  if (fields[3] !== listening || inode === undefined) return undefined;
  return { address: parseAddress(address), port: Number.parseInt(port, 16), inode };
}

/** Words of 32 bits in the machine's order of bytes; all that Node runs on here is little-endian. */
function parseAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  const address = Buffer.alloc(bytes.length);
  for (let i = 0; i < bytes.length; i += 4) address.writeUInt32BE(bytes.readUInt32LE(i), i);
  if (address.length === 4) return address.join('.');
  const isMapped = address.subarray(0, 12).equals(mappedPrefix);
  if (isMapped) return address.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

/** Tells which processes have sockets; remembers it, because to look at all that a process has open is much. */
export class SocketOwners {
  readonly #owners = new Map<string, number>();

  /**
   * @param inodes of the sockets
   * @param pids those that may have them
   * @returns by inode
   */
  async find(inodes: ReadonlySet<string>, pids: readonly number[]): Promise<ReadonlyMap<string, number>> {
    const living = new Set(pids);
    for (const [inode, pid] of this.#owners) {
      if (!inodes.has(inode) || !living.has(pid)) this.#owners.delete(inode);
    }
    const isKnown = [...inodes].every(inode => this.#owners.has(inode));
    if (!isKnown) await Promise.all(pids.map(pid => this.#look(pid, inodes)));
    return this.#owners;
  }

  async #look(pid: number, inodes: ReadonlySet<string>): Promise<void> {
    const folder = `/proc/${pid}/fd`;
    for (const name of await readdir(folder).catch(() => [])) {
      const target = await readlink(join(folder, name)).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined && inodes.has(inode) && !this.#owners.has(inode)) this.#owners.set(inode, pid);
    }
  }
}
