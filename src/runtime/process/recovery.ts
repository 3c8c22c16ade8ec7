import { endGroup, groupsWithEnvironment, startTimeOf } from './process-table.ts';
import { workloadMark } from './workload.ts';
import type { WorkloadFolder, WorkloadPhase } from './workload-folder.ts';

/** Ends what a killed server left running of a workload, and nothing else. */
export async function endLeftOvers(folder: WorkloadFolder, phase: WorkloadPhase): Promise<void> {
  const groups = new Set(await groupsWithEnvironment(workloadMark(folder)));
  // The number may be that of another process by now.
  if (phase.phase === 'running' && (await startTimeOf(phase.pid)) === phase.startTime) groups.add(phase.pid);
  for (const group of groups) await endGroup(group);
}
