import { constants, open, readFile, stat } from 'node:fs/promises';
import type { WorkloadMount } from '../runtime.ts';
import type { OciMount } from './confinement.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Users of folders that were first mounted by a workload of the host base; above those of single workloads. */
const firstFolderUid = 0x7800_0000;
const folderUids = 0x0700_0000;

/** The entries for a container's configuration. */
export function boundMounts(mounts: readonly WorkloadMount[]): OciMount[] {
  return mounts.map(({ source, target, readonly }) => ({
    destination: target,
    source,
    type: 'bind',
    // Not recursive: what is mounted below the source on the host stays out of sight.
    options: ['bind', 'rprivate', readonly ? 'ro' : 'rw', 'nosuid', 'nodev'],
  }));
}

/**
 * Who a program of the host base is to run as, so that it may change what the programs before it have written:
 * the owner of the first folder that is handed over. Undefined where there is none.
 */
export async function folderUser(mounts: readonly WorkloadMount[]): Promise<Owner | undefined> {
  const [first] = mounts.filter(({ handOver }) => handOver);
  if (first === undefined) return undefined;
  await using folder = await openFolder(first);
  const { uid, gid, ino } = await folder.stat({ bigint: true });
  if (Number(uid) !== serverUid()) return { uid: Number(uid), gid: Number(gid) };
  // The same for all that start with the folder at the same time, before one of them owns it.
  const own = firstFolderUid + Number(ino % BigInt(folderUids));
  return { uid: own, gid: own };
}

/** Gives folders that still belong to the server to the program's user. */
export async function handOverFolders(mounts: readonly WorkloadMount[], user: Owner): Promise<void> {
  for (const mount of mounts.filter(({ handOver }) => handOver)) {
    await using folder = await openFolder(mount);
    const { uid } = await folder.stat();
    if (uid === serverUid() && user.uid !== uid) await folder.chown(user.uid, user.gid);
  }
}

/**
 * Whether every pinned folder is there, now that the main process has its mounts: a bind by path is the only one
 * that the OCI runtime has, and the path may have been another's just then.
 */
export async function havePinned(mounts: readonly WorkloadMount[], mainPid: number): Promise<boolean> {
  const pinned = mounts.flatMap(mount => mount.pinned ?? []);
  if (pinned.length === 0) return true;
  const there = new Set(await Promise.all((await mountPoints(mainPid)).map(identity)));
  const wanted = await Promise.all(pinned.map(identity));
  return wanted.every(folder => folder !== undefined && there.has(folder));
}

/** As the host reaches them; their paths have no links. */
async function mountPoints(pid: number): Promise<string[]> {
  const lines = (await readFile(`/proc/${pid}/mountinfo`, 'utf8')).trim().split('\n');
  return lines.map(line => {
    // proc(5): blanks and the like are written as octal numbers.
    const path = line
      .split(' ')[4]
      ?.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code as string, 8)));
    return `/proc/${pid}/root${path}`;
  });
}

async function identity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
}

function openFolder({ source, pinned = source }: WorkloadMount) {
  return open(pinned, constants.O_RDONLY | constants.O_DIRECTORY);
}

function serverUid(): number {
  return process.getuid?.() ?? 0;
}
