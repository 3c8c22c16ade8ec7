import { setTimeout as delay } from 'node:timers/promises';
import { isDnsLabel } from '../../lib/dns-label.ts';
import type { Bundle, BundleRecord, OciFolders } from './bundle.ts';
import type { Cgroups } from './cgroups.ts';
import { ociLimits } from './limits.ts';
import { findConmons, lives, type ProcessIdentity, signal } from './processes.ts';

/** What a restarted server finds of a workload. */
export interface Remains {
  readonly bundle: Bundle;
  readonly conmon: ProcessIdentity | undefined;
  /** Conmons of its further processes, by the path in the bundle of the file for the process's number. */
  readonly execConmons: ReadonlyMap<string, ProcessIdentity>;
  readonly finding: Finding;
}

export type Finding =
  /** Half made, half removed, or a part without its bundle: nothing that was ever reported as made. */
  | { readonly state: 'debris' }
  | {
      readonly state: 'created' | 'running';
      readonly record: BundleRecord;
      readonly conmon: ProcessIdentity;
      readonly mainPid: number;
    }
  /** Ended meanwhile, or without a parent that would see its end. */
  | { readonly state: 'ended'; readonly record: BundleRecord; readonly mainPid: undefined };

/** Looks in every place where a workload leaves something, so that nothing is overlooked. */
export async function survey(folders: OciFolders, cgroups: Cgroups): Promise<Remains[]> {
  const conmons = await findConmons(folders.bundles);
  const names = await Promise.all([
    folders.list(folders.bundles),
    folders.list(folders.state),
    folders.list(folders.exits),
    cgroups.list(),
  ]);
  const ofConmons = [...conmons.keys()].map(path => path.split('/', 1)[0] ?? '');
  // Whatever else someone has put there is none of ours.
  const ids = new Set([...names.flat(), ...ofConmons].filter(isDnsLabel));
  return Promise.all(
    [...ids].map(async id => {
      const bundle = folders.bundle(id);
      const own = new Map<string, ProcessIdentity>();
      for (const [path, conmon] of conmons)
        if (path.startsWith(`${id}/`)) own.set(path.slice(id.length + 1), conmon);
      const conmon = own.get('pid');
      own.delete('pid');
      return { bundle, conmon, execConmons: own, finding: await examine(bundle, cgroups, conmon) };
    }),
  );
}

/**
 * Judges what is left of a workload, whichever two steps the former server was killed between. It runs no
 * process, so that many workloads are adopted fast. Processes are told by their control group, which has the
 * workload's id, and conmon by its arguments: numbers that the machine has used again can't be mistaken.
 */
async function examine(
  bundle: Bundle,
  cgroups: Cgroups,
  conmon: ProcessIdentity | undefined,
): Promise<Finding> {
  // Written first; without it nothing was run yet.
  const record = await bundle.record();
  if (record === undefined) return { state: 'debris' };
  const awaitsStart = await bundle.awaitsStart();
  // What never ran did not end: it can be made anew.
  const ended: Finding = awaitsStart ? { state: 'debris' } : { state: 'ended', record, mainPid: undefined };
  if (await bundle.exit()) return ended;
  const mainPid = await bundle.mainPid();
  // Conmon and the OCI runtime may still be at it: without a server that waits for them, for nothing.
  if (mainPid === undefined) return { state: 'debris' };
  if (conmon === undefined) return ended;
  if ((await cgroups.processes(bundle.id)).includes(mainPid)) {
    // Whether the server had looked at its mounts nobody knows.
    if (awaitsStart && record.hasPinned) return { state: 'debris' };
    return { state: awaitsStart ? 'created' : 'running', record, conmon, mainPid };
  }
  await awaitEnd(conmon);
  return ended;
}

/** What it is the parent of has just ended: conmon is about to write that down. */
export async function awaitEnd(conmon: ProcessIdentity): Promise<void> {
  const deadline = Date.now() + ociLimits.conmonEndTimeoutMs;
  while (await lives(conmon)) {
    if (Date.now() > deadline) signal(conmon.pid, 'SIGKILL');
    await delay(ociLimits.killPollMs);
  }
}
