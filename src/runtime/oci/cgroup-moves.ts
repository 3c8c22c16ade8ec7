import { constants, type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CgroupLayout } from './cgroups.ts';
import { ociLimits } from './limits.ts';

/** Which groups a process is in; a line for each hierarchy (cgroups(7)). */
const ownGroups = '/proc/self/cgroup';

/** To `cgroup.procs`: the process that writes. */
const itself = '0';

/**
 * Keeps the kernel ready to move processes between control groups while containers are made.
 *
 * Every such move takes one lock of the whole machine that makes forks wait. While nobody has taken it for a
 * while, forks don't look at it closely, and the next to take it waits until all processors have noticed
 * (rcu_sync in the kernel: 6 to 20 ms); afterwards it is cheap for about 15 ms. An OCI runtime would wait in the
 * middle of its work. So the server takes the lock before, and again and again until the container is made, by
 * moving itself to where it is. That is the same on cgroup v1 and v2. Where it is not possible nothing is
 * done: the OCI runtime then waits by itself.
 */
export class CgroupMoves {
  readonly #layout: CgroupLayout;
  readonly #groupsFile: string;
  #groups: FileHandle | undefined;
  #target: { readonly groups: string; readonly file: FileHandle } | undefined;
  #underWay = 0;
  #keeping: Promise<void> | undefined;
  #possible = true;

  /** @param groupsFile lists the groups of this process */
  constructor(layout: CgroupLayout, groupsFile = ownGroups) {
    this.#layout = layout;
    this.#groupsFile = groupsFile;
  }

  /** Runs a task while moves are kept quick. */
  async during<T>(task: () => Promise<T>): Promise<T> {
    this.#underWay++;
    this.#keeping ??= this.#keep();
    try {
      return await task();
    } finally {
      this.#underWay--;
    }
  }

  /** What is under way goes on without. */
  async close(): Promise<void> {
    this.#possible = false;
    await this.#keeping;
    await this.#groups?.close();
    await this.#target?.file.close();
    this.#groups = undefined;
    this.#target = undefined;
  }

  /** Never fails. */
  async #keep(): Promise<void> {
    while (this.#underWay > 0 && this.#possible) {
      try {
        await this.#moveItself();
        await delay(ociLimits.cgroupMovePauseMs);
      } catch {
        this.#possible = false;
      }
    }
    this.#keeping = undefined;
  }

  async #moveItself(): Promise<void> {
    this.#groups ??= await open(this.#groupsFile);
    const groups = await readFromStart(this.#groups);
    // Somebody else may have moved the server: it must not go back.
    if (groups !== this.#target?.groups) {
      await this.#target?.file.close();
      this.#target = undefined;
      this.#target = { groups, file: await openOwnGroup(this.#layout, groups) };
    }
    await this.#target.file.write(itself);
  }
}

/** @throws {Error} where this process is not in the group that bears its group's path */
async function openOwnGroup(layout: CgroupLayout, groups: string): Promise<FileHandle> {
  const path = join(ownGroup(layout, groups), 'cgroup.procs');
  const processes = (await readFile(path, 'utf8')).split('\n');
  if (!processes.includes(String(process.pid))) throw new Error(`${path} is another's group`);
  return open(path, constants.O_WRONLY);
}

/** Folder of the group of which `/proc/self/cgroup` tells, in one hierarchy. */
function ownGroup({ unified, controllers }: CgroupLayout, groups: string): string {
  const hierarchy = controllers.get('pids');
  if (hierarchy === undefined) throw new Error('no hierarchy is known');
  const controller = unified ? '' : 'pids';
  for (const line of groups.split('\n')) {
    const [, names = '-', path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path !== undefined && names.split(',').includes(controller)) {
      return join(hierarchy, path);
    }
  }
  throw new Error('this process is in no known group');
}

const mostBytes = 16 * 1024;

async function readFromStart(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
  return buffer.toString('utf8', 0, bytesRead);
}
