import { readFile } from 'node:fs/promises';

/**
 * Files that processes have mapped to write to, as paths in their root file system, each byte a character. The
 * first write to a page of such a file leaves a trace in its times, further ones need not.
 */
export async function mappedFiles(pids: readonly number[]): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const pid of pids) {
    const maps = await readFile(`/proc/${pid}/maps`, 'latin1').catch(() => '');
    // proc_pid_maps(5): address, permissions, offset, device, inode, path
    for (const [, path = ''] of maps.matchAll(/^\S+ .w.s \S+ \S+ [1-9]\d* +\/(.*)$/gm)) {
      paths.add(path.replaceAll('\\012', '\n'));
    }
  }
  return paths;
}
