import { Run, type RunParts } from './run.ts';
import type { SupervisedUnit } from './supervised-unit.ts';
import type { UnitExit } from './unit.ts';

/** What there is of a run after the server was away: the same process, or how it ended. */
export type FoundRun = { readonly pid: number } | UnitExit;

/**
 * Gives a unit the process that it had. To be done for all units before any is driven on, so that what runs is
 * not started for those that need it.
 */
export function takeUpRun<Spec>(
  { ledger }: SupervisedUnit<Spec>,
  found: ReadonlyMap<string, FoundRun>,
  parts: RunParts,
): void {
  const { definition, record } = ledger.unit;
  if (record.runId === undefined) return;
  const run = new Run(record.runId, record.startedAt ?? parts.time.now(), parts);
  const known = found.get(run.id);
  if (known !== undefined && 'pid' in known) run.adopted(known.pid);
  else run.exitedWith(known ?? { exitedAt: parts.time.now() });
  ledger.adopt(run, record.isOutdated ? undefined : definition);
}

/** Goes on with a unit from where it was. */
export function driveOn<Spec>(unit: SupervisedUnit<Spec>, stopTimeoutMs: number): void {
  const { ledger } = unit;
  const { desired, record, definition } = ledger.unit;
  if (ledger.run?.exit !== undefined) unit.exited(ledger.run.id, ledger.run.exit);
  else if (ledger.run !== undefined) {
    if (desired === 'stopped') unit.stopAgain(stopTimeoutMs);
    else if (!ledger.runsBy(definition)) unit.applyAgain(stopTimeoutMs);
  } else if (desired === 'running') {
    if (record.error !== undefined) unit.restartLater();
    // It ended by itself, and that was fine; else nobody came to start it.
    else if (record.exitCode === undefined) unit.startAgain('boot');
  }
}
