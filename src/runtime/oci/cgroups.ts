import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkloadStats } from '../runtime.ts';
import { exists } from './bundle.ts';
import { ociLimits } from './limits.ts';
import { signal } from './processes.ts';

type Controller = 'memory' | 'cpuacct' | 'pids' | 'freezer';

/** Groups inside that of a workload. */
const innerPrefix = 'process-';

/** v1 writes "no limit" as the largest page-aligned number. */
const noLimitBytes = 2 ** 60;

/**
 * The control groups of one server's workloads, on cgroup v1 and v2: a parent of its own in every hierarchy,
 * and a group for each workload in it.
 */
export class Cgroups {
  readonly parent: string;
  /** Where swap can't be counted, limiting it would fail. */
  readonly limitsSwap: boolean;
  readonly #unified: boolean;
  readonly #hierarchies: readonly string[];
  readonly #controllers: ReadonlyMap<string, string>;

  private constructor(parent: string, layout: CgroupLayout, limitsSwap: boolean) {
    this.parent = parent;
    this.limitsSwap = limitsSwap;
    this.#unified = layout.unified;
    this.#hierarchies = layout.hierarchies;
    this.#controllers = layout.controllers;
  }

  /** @throws {Error} when no usable hierarchy is mounted */
  static async open(parent: string): Promise<Cgroups> {
    const layout = await cgroupLayout();
    const missing = missingControllers(layout);
    if (missing.length > 0) throw new Error(`no cgroup controller for ${missing.join(', ')}`);
    const memory = layout.controllers.get('memory') ?? '';
    const limitsSwap = layout.unified || (await exists(join(memory, 'memory.memsw.limit_in_bytes')));
    return new Cgroups(parent, layout, limitsSwap);
  }

  /** The group of a workload as the OCI configuration names it. */
  path(id: string): string {
    return join('/', this.parent, id);
  }

  /** Ids that have a group. */
  async list(): Promise<string[]> {
    const names = this.#hierarchies.map(async hierarchy => {
      const entries = await readdir(join(hierarchy, this.parent), { withFileTypes: true }).catch(() => []);
      return entries.filter(entry => entry.isDirectory()).map(entry => entry.name);
    });
    return [...new Set((await Promise.all(names)).flat())];
  }

  /** The processes of a workload, or of one of its inner groups, as the host counts them. */
  async processes(id: string): Promise<number[]> {
    const groups = [id, ...(await this.#innerGroups(id))];
    const texts = await Promise.all(groups.map(group => this.#read('pids', group, 'cgroup.procs')));
    return texts.flatMap(text => text.split('\n').filter(Boolean).map(Number));
  }

  /**
   * Makes a group inside that of a workload, which its processes can't leave. It only tells them apart: what is
   * limited is the workload. To be named like a workload from now on.
   * @returns its name, and how an OCI runtime is told to run a process in it
   * @throws {Error} ENOENT when the workload has none
   */
  async makeInner(id: string, name: string): Promise<{ group: string; option: string }> {
    const group = this.inner(id, name);
    await mkdir(join(this.#controllers.get('pids') ?? '', this.parent, group)).catch(error => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    return { group, option: `--cgroup=${this.#unified ? '' : 'pids:'}/${innerPrefix}${name}` };
  }

  inner(id: string, name: string): string {
    return join(id, `${innerPrefix}${name}`);
  }

  async #innerGroups(id: string): Promise<string[]> {
    const folder = join(this.#controllers.get('pids') ?? '', this.parent, id);
    const names = await readdir(folder).catch(() => []);
    return names.filter(name => name.startsWith(innerPrefix)).map(name => join(id, name));
  }

  /**
   * Swap is not to be used, as at the creation of a limited workload.
   * @param bytes no limit when undefined
   */
  async limitMemory(id: string, bytes: number | undefined): Promise<'done' | 'no-group' | 'in-use'> {
    const steps: (readonly [file: string, value: string])[] = this.#unified
      ? [
          ['memory.max', String(bytes ?? 'max')],
          ...(this.limitsSwap ? [['memory.swap.max', bytes === undefined ? 'max' : '0'] as const] : []),
        ]
      : [
          ['memory.limit_in_bytes', String(bytes ?? -1)],
          ...(this.limitsSwap ? [['memory.memsw.limit_in_bytes', String(bytes ?? -1)] as const] : []),
        ];
    // Version 2 would kill.
    if (bytes !== undefined && ((await this.stats(id))?.memoryBytes ?? 0) > bytes) return 'in-use';
    // On version 1 the limit with swap is never below that without it: which one comes first depends.
    const before = number(await this.#read('memory', id, 'memory.limit_in_bytes')) ?? 0;
    if (!this.#unified && (bytes ?? Infinity) > before) steps.reverse();
    try {
      for (const [file, value] of steps) {
        if (!(await this.#write('memory', id, file, value))) return 'no-group';
      }
      return 'done';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EBUSY') return 'in-use';
      throw error;
    }
  }

  /**
   * Stops every process of a workload in memory, or lets them go on.
   * @returns false when there is no such group
   * @throws {Error} when it takes too long
   */
  async setFrozen(id: string, frozen: boolean): Promise<boolean> {
    const [file, on, off] = this.#unified
      ? (['cgroup.freeze', '1', '0'] as const)
      : (['freezer.state', 'FROZEN', 'THAWED'] as const);
    const deadline = Date.now() + ociLimits.freezeTimeoutMs;
    for (let looks = 0; ; looks++) {
      if (looks % ociLimits.freezeLooksPerTry === 0) {
        if (looks > 0) await this.#write('freezer', id, file, off);
        if (!(await this.#write('freezer', id, file, frozen ? on : off))) return false;
      }
      if ((await this.isFrozen(id)) === frozen) return true;
      if (Date.now() > deadline) {
        await this.#write('freezer', id, file, off);
        throw new Error(`processes of ${id} could not be ${frozen ? 'frozen' : 'thawed'}`);
      }
      await delay(ociLimits.freezePollMs);
    }
  }

  /** Whether every process of a workload stands still. */
  async isFrozen(id: string): Promise<boolean> {
    if (this.#unified) return /^frozen 1$/m.test(await this.#read('freezer', id, 'cgroup.events'));
    return (await this.#read('freezer', id, 'freezer.state')).trim() === 'FROZEN';
  }

  /**
   * Kills every process of a workload.
   * @returns false when some were still there after the limit
   */
  async kill(id: string): Promise<boolean> {
    const deadline = Date.now() + ociLimits.killTimeoutMs;
    while (true) {
      const pids = await this.processes(id);
      if (pids.length === 0) return true;
      if (Date.now() > deadline) return false;
      for (const pid of pids) signal(pid, 'SIGKILL');
      // On version 1 what is frozen does not even die.
      if (await this.isFrozen(id)) await this.setFrozen(id, false);
      await delay(ociLimits.killPollMs);
    }
  }

  /** How many processes of a workload the memory limit has killed. */
  async outOfMemoryKills(id: string): Promise<number> {
    const file = this.#unified ? 'memory.events' : 'memory.oom_control';
    return Number(/^oom_kill (\d+)$/m.exec(await this.#read('memory', id, file))?.[1] ?? 0);
  }

  /** CPU time used so far, nanoseconds; undefined when there is no such group. */
  async cpuNs(id: string): Promise<number | undefined> {
    if (!this.#unified) return number(await this.#read('cpuacct', id, 'cpuacct.usage'));
    const usage = /^usage_usec (\d+)$/m.exec(await this.#read('cpuacct', id, 'cpu.stat'))?.[1];
    return usage === undefined ? undefined : Number(usage) * 1_000;
  }

  /** Memory without what the kernel could drop at once; undefined when there is no such group. */
  async stats(id: string): Promise<WorkloadStats | undefined> {
    const [usage, limit, inactive] = this.#unified
      ? (['memory.current', 'memory.max', 'inactive_file'] as const)
      : (['memory.usage_in_bytes', 'memory.limit_in_bytes', 'total_inactive_file'] as const);
    const [cpuNs, used, most, stat] = await Promise.all([
      this.cpuNs(id),
      this.#read('memory', id, usage),
      this.#read('memory', id, limit),
      this.#read('memory', id, 'memory.stat'),
    ]);
    const usedBytes = number(used);
    if (cpuNs === undefined || usedBytes === undefined) return undefined;
    const droppable = Number(new RegExp(`^${inactive} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
    const limitBytes = number(most);
    return {
      cpuNs,
      memoryBytes: Math.max(0, usedBytes - droppable),
      ...(limitBytes !== undefined && limitBytes < noLimitBytes && { memoryLimitBytes: limitBytes }),
    };
  }

  /** Removes the empty group of a workload, or one of its inner groups. */
  async remove(id: string): Promise<void> {
    for (const inner of await this.#innerGroups(id)) await this.remove(inner);
    await Promise.all(this.#hierarchies.map(hierarchy => removeEmpty(join(hierarchy, this.parent, id))));
  }

  /** Removes the parent where no workload is left in it. */
  async removeParent(): Promise<void> {
    await Promise.all(this.#hierarchies.map(hierarchy => removeEmpty(join(hierarchy, this.parent))));
  }

  async #read(controller: Controller, id: string, file: string): Promise<string> {
    const hierarchy = this.#controllers.get(controller) ?? '';
    return readFile(join(hierarchy, this.parent, id, file), 'utf8').catch(() => '');
  }

  /** @returns false when there is no such group */
  async #write(controller: Controller, id: string, file: string, value: string): Promise<boolean> {
    const path = join(this.#controllers.get(controller) ?? '', this.parent, id, file);
    try {
      await writeFile(path, value, { flag: 'r+' });
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENODEV') return false;
      throw error;
    }
  }
}

export interface CgroupLayout {
  /** cgroup v2 alone. */
  readonly unified: boolean;
  /** Mount points of all hierarchies. */
  readonly hierarchies: readonly string[];
  /** Mount point by controller. */
  readonly controllers: ReadonlyMap<string, string>;
}

/** Reads which hierarchies are mounted where. */
export async function cgroupLayout(mountinfo = '/proc/self/mountinfo'): Promise<CgroupLayout> {
  const hierarchies: string[] = [];
  const controllers = new Map<string, string>();
  let unified = false;
  for (const line of (await readFile(mountinfo, 'utf8')).split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const mountPoint = before.split(' ')[4] ?? '';
    const [type, , options = ''] = after.split(' ');
    if (!mountPoint.startsWith('/sys/fs/cgroup')) continue;
    if (type === 'cgroup2') {
      unified = mountPoint === '/sys/fs/cgroup';
      hierarchies.push(mountPoint);
    } else if (type === 'cgroup') {
      hierarchies.push(mountPoint);
      for (const name of options.split(',')) controllers.set(name, mountPoint);
    }
  }
  if (unified) {
    const available = await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8').catch(() => '');
    for (const name of available.trim().split(' ')) controllers.set(name, '/sys/fs/cgroup');
    // Every group of v2 counts CPU time and can be frozen.
    for (const name of ['cpuacct', 'freezer']) controllers.set(name, '/sys/fs/cgroup');
  }
  return { unified, hierarchies, controllers };
}

export function missingControllers({ controllers }: CgroupLayout): string[] {
  return ['memory', 'pids', 'cpu', 'cpuacct'].filter(name => !controllers.has(name));
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => {}); // not there, or still in use
}

function number(text: string): number | undefined {
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}
