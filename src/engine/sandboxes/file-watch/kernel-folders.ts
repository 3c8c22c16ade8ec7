import { statfs } from 'node:fs/promises';
import type { Folder } from '../files/folder.ts';

/** Types of file systems that statfs(2) tells: proc, sysfs, cgroup and cgroup2. */
const kernelTypes: ReadonlySet<number> = new Set([0x9fa0, 0x6265_6572, 0x27_e0eb, 0x6367_7270]);

/** The kernel makes up what is in it, and tells of no changes. */
export async function isOfKernel(folder: Folder): Promise<boolean> {
  return kernelTypes.has((await statfs(folder.here)).type);
}
