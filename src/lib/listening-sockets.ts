import { open, readdir, readFile, readlink } from 'node:fs/promises';
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

/** The kernel formats a page at a time. */
const pageBytes = 4096;
/** A line is shorter. What leaves room for one more is the end; to read on would search all connections again. */
const lineBytes = 256;
/** How long an unchanged number of sockets is taken for unchanged sockets, ms. */
const trustMs = 2_000;

/**
 * Follows the listening sockets of a network namespace. The kernel finds them by going through the connections of all
 * namespaces, which takes milliseconds; so where the number of sockets is the same, the answer may be up to two seconds
 * old. That is for namespaces with few sockets, where the number seldom stays the same by chance.
 */
export class ListeningSockets {
  #inUse = '';
  #readAt = Number.NEGATIVE_INFINITY;
  #last: readonly ListeningSocket[] = [];

  /**
   * @param procFolder `/proc/<pid>` of a process in the namespace
   * @param isChanged it is known that they are not the same
   */
  async now(procFolder: string, isChanged: boolean): Promise<readonly ListeningSocket[]> {
    const inUse = await socketsInUse(procFolder);
    const isSame = !isChanged && inUse === this.#inUse && performance.now() - this.#readAt < trustMs;
    if (isSame && inUse !== unknown) return this.#last;
    this.#inUse = inUse;
    this.#readAt = performance.now();
    this.#last = none.test(inUse) ? [] : await listeningSockets(procFolder);
    return this.#last;
  }
}

/** Where there is no IPv6 its number is unknown. */
const none = /^0 [0?]$/;
const unknown = '? ?';

/** How many TCP sockets there are, of IPv4 and of IPv6. */
async function socketsInUse(procFolder: string): Promise<string> {
  const counts = ['sockstat', 'sockstat6'].map(async table => {
    const text = await readFile(join(procFolder, 'net', table), 'utf8').catch(() => '');
    return /^TCP6?: inuse (\d+)/m.exec(text)?.[1] ?? '?';
  });
  return (await Promise.all(counts)).join(' ');
}

/** The listening sockets of a network namespace. @param procFolder `/proc/<pid>` of a process in it */
export async function listeningSockets(procFolder: string): Promise<ListeningSocket[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(table => readTable(join(procFolder, 'net', table)).catch(() => [])),
  );
  const found = new Map<string, ListeningSocket>();
  // Several processes may listen on the same port, each with a socket of its own.
  for (const socket of tables.flat()) found.set(`${socket.address} ${socket.port}`, socket);
  return [...found.values()];
}

/** The kernel has those that listen at the beginning; behind them may be thousands of connections. */
async function readTable(path: string): Promise<ListeningSocket[]> {
  await using file = await open(path);
  const buffer = Buffer.alloc(pageBytes);
  const found: ListeningSocket[] = [];
  let rest = '';
  let isHead = true;
  for (;;) {
    const { bytesRead } = await file.read(buffer);
    const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const socket = parseSocket(line);
      if (socket !== undefined) found.push(socket);
      else if (!isHead) return found;
      isHead = false;
    }
    if (bytesRead < pageBytes - lineBytes) return found;
  }
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

/** How often a socket whose process was not found is looked for: at first, then at each so many looks. */
const firstLooks = 3;
const laterLooks = 20;

interface Owner {
  readonly pid: number;
  /** The socket among what the process has open. */
  readonly link: string;
}

/** Tells which processes have sockets; remembers it, because to look at all that a process has open is much. */
export class SocketOwners {
  readonly #owners = new Map<string, Owner>();
  /** Looks in vain, by inode. */
  readonly #missed = new Map<string, number>();

  /** Forgets what is true no more. @returns true when there was such */
  async refresh(): Promise<boolean> {
    const before = this.#owners.size;
    await Promise.all(
      [...this.#owners].map(async ([inode, { link }]) => {
        if ((await inodeAt(link)) !== inode) this.#owners.delete(inode);
      }),
    );
    return this.#owners.size < before;
  }

  /**
   * @param inodes of the sockets
   * @param candidates processes that may have them; asked for only where there is something to look for
   * @returns by inode
   */
  async find(
    inodes: ReadonlySet<string>,
    candidates: () => Promise<readonly number[]>,
  ): Promise<ReadonlyMap<string, number>> {
    for (const inode of this.#owners.keys()) if (!inodes.has(inode)) this.#owners.delete(inode);
    for (const inode of this.#missed.keys()) if (!inodes.has(inode)) this.#missed.delete(inode);
    const wanted = new Set([...inodes].filter(inode => !this.#owners.has(inode) && this.#isDue(inode)));
    if (wanted.size > 0) await Promise.all((await candidates()).map(pid => this.#look(pid, wanted)));
    for (const inode of this.#owners.keys()) this.#missed.delete(inode);
    return new Map([...this.#owners].map(([inode, { pid }]) => [inode, pid]));
  }

  #isDue(inode: string): boolean {
    const missed = this.#missed.get(inode) ?? 0;
    this.#missed.set(inode, missed + 1);
    return missed < firstLooks || missed % laterLooks === 0;
  }

  async #look(pid: number, inodes: ReadonlySet<string>): Promise<void> {
    const folder = `/proc/${pid}/fd`;
    for (const name of await readdir(folder).catch(() => [])) {
      const link = join(folder, name);
      const inode = await inodeAt(link);
      if (inode !== undefined && inodes.has(inode) && !this.#owners.has(inode)) {
        this.#owners.set(inode, { pid, link });
      }
    }
  }
}

async function inodeAt(link: string): Promise<string | undefined> {
  return /^socket:\[(\d+)\]$/.exec(await readlink(link).catch(() => ''))?.[1];
}
