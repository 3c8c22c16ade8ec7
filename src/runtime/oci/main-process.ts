import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bundle } from './bundle.ts';
import { ociLimits } from './limits.ts';
import { signal } from './processes.ts';

/** Signals that do not end a process by default; all others do. */
const harmless = new Set<NodeJS.Signals>([
  'SIGCHLD',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGWINCH',
]);

/**
 * Signals the first process of a container. The kernel withholds from such a process every signal that it has
 * no handler for (pid_namespaces(7)), so a program that never thought of SIGTERM could only be killed. Where
 * the signal would have ended the program anywhere else, it is killed, and the bundle notes the signal meant.
 */
export async function signalMainProcess(bundle: Bundle, pid: number, name: NodeJS.Signals): Promise<void> {
  if (name === 'SIGKILL' || harmless.has(name)) {
    signal(pid, name);
    return;
  }
  const first = await attitudeOnceSettled(pid, name, ociLimits.blockedLooks);
  const isLost =
    first === 'withheld' || (signal(pid, name) && first === 'blocked' && (await gotLost(pid, name)));
  if (!isLost) return;
  await bundle.noteSubstitutedSignal(constants.signals[name]);
  signal(pid, 'SIGKILL');
}

/** What the kernel would do with a signal: give it to a handler or ignore it as asked, keep it for later, drop it. */
type Attitude = 'minded' | 'blocked' | 'withheld';

/**
 * C libraries block all signals for a moment while they start a process, so it is looked several times before a
 * signal counts as blocked.
 */
async function attitudeOnceSettled(pid: number, name: NodeJS.Signals, looks: number): Promise<Attitude> {
  for (let look = 0; look < looks; look++) {
    if (look > 0) await delay(ociLimits.killPollMs);
    const attitude = attitudeTo(name, await signalMasks(pid));
    if (attitude !== 'blocked') return attitude;
  }
  return 'blocked';
}

/**
 * Whether a signal that was blocked when it was sent has been dropped since: a program that starts one process after
 * the other may have been caught in such moments only. One that waits for the signal has it blocked throughout.
 */
async function gotLost(pid: number, name: NodeJS.Signals): Promise<boolean> {
  return (await attitudeOnceSettled(pid, name, ociLimits.lostLooks)) === 'withheld';
}

function attitudeTo(name: NodeJS.Signals, masks: SignalMasks | undefined): Attitude {
  const bit = 1n << BigInt(constants.signals[name] - 1);
  if (masks === undefined || ((masks.caught | masks.ignored) & bit) !== 0n) return 'minded';
  return (masks.blocked & bit) !== 0n ? 'blocked' : 'withheld';
}

interface SignalMasks {
  readonly blocked: bigint;
  readonly ignored: bigint;
  readonly caught: bigint;
}

/** Undefined when the process is gone. */
async function signalMasks(pid: number): Promise<SignalMasks | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const mask = (field: string) => new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1];
  const [blocked, ignored, caught] = [mask('SigBlk'), mask('SigIgn'), mask('SigCgt')];
  if (blocked === undefined || ignored === undefined || caught === undefined) return undefined;
  return { blocked: BigInt(`0x${blocked}`), ignored: BigInt(`0x${ignored}`), caught: BigInt(`0x${caught}`) };
}

/** The exit code of a main process that may have been killed in place of another signal. */
export function meantExitCode(exitCode: number, substituted: number | undefined): number {
  return substituted !== undefined && exitCode === 128 + constants.signals.SIGKILL
    ? 128 + substituted
    : exitCode;
}
