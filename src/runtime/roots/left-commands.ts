import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { rootLimits } from './limits.ts';

const commands: ReadonlySet<string> = new Set(['cp', 'tar', 'rm', 'sync']);

/**
 * Ends the commands that still write in a folder, though nobody waits for them any more; resolves when none does.
 * Nothing to be done where there is no /proc.
 */
export async function endCommandsIn(folder: string): Promise<void> {
  const deadline = performance.now() + rootLimits.endTimeoutMs;
  for (;;) {
    const pids = await commandsIn(folder);
    if (pids.length === 0 || performance.now() > deadline) return;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    await delay(rootLimits.endPollMs);
  }
}

async function commandsIn(folder: string): Promise<number[]> {
  const names = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async name => {
      const args = (await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '')).split('\0');
      if (!commands.has(basename(args[0] ?? ''))) return [];
      return args.some(arg => arg === folder || arg.startsWith(`${folder}/`)) ? [Number(name)] : [];
    }),
  );
  return found.flat();
}
