import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkloadStats } from '../runtime.ts';
import { exists } from './bundle.ts';
import { ociLimits } from './limits.ts';
import { signal } from './processes.ts';

type Controller = 'memory' | 'cpuacct' | 'pids';

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

  /** The processes of a workload as the host counts them. */
  async processes(id: string): Promise<number[]> {
    const text = await this.#read('pids', id, 'cgroup.procs');
    return text.split('\n').filter(Boolean).map(Number);
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

  /** Removes the empty group of a workload. */
  async remove(id: string): Promise<void> {
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
    controllers.set('cpuacct', '/sys/fs/cgroup'); // v2 always counts CPU time
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
