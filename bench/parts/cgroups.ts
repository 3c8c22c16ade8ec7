import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const mounted = '/sys/fs/cgroup';

/** Removes a group that is empty by now: on cgroup v1 there is one in each hierarchy. */
export async function removeCgroup(name: string): Promise<void> {
  for (const hierarchy of ['', ...(await readdir(mounted))]) {
    await rmdir(join(mounted, hierarchy, name)).catch(() => {}); // not there
  }
}
