import type { Cgroups } from '../cgroups.ts';
import { InsideProcess } from '../exec/inside-process.ts';
import { type ProcessIdentity, signal } from '../processes.ts';
import { awaitEnd } from '../recovery.ts';
import type { ProcessFolder, ProcessRecord } from './process-folder.ts';

export type ProcessFinding =
  /** Half made: its start was told to nobody. */
  | { readonly state: 'debris' }
  | {
      readonly state: 'running';
      readonly record: ProcessRecord;
      readonly inside: InsideProcess;
      readonly conmon: ProcessIdentity;
    }
  | { readonly state: 'ended'; readonly record: ProcessRecord };

/**
 * Judges what is left of a process, whichever two steps the former server was killed between. It is told by its
 * control group, which has its id: a number that the machine has used again can't be mistaken.
 */
export async function examineProcess(
  folder: ProcessFolder,
  group: string,
  cgroups: Cgroups,
  conmon: ProcessIdentity | undefined,
): Promise<ProcessFinding> {
  const record = await folder.record();
  const pid = await folder.pid();
  if (record === undefined || pid === undefined) {
    // The conmon leads a group in which the OCI runtime may still be at it.
    if (conmon) signal(-conmon.pid, 'SIGKILL');
    return { state: 'debris' };
  }
  if (conmon === undefined) return { state: 'ended', record };
  if ((await cgroups.processes(group)).includes(pid)) {
    return { state: 'running', record, conmon, inside: await InsideProcess.at(pid) };
  }
  await awaitEnd(conmon);
  return { state: 'ended', record };
}
