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
  if (name !== 'SIGKILL' && !harmless.has(name) && (await wouldBeWithheld(pid, name))) {
    await bundle.noteSubstitutedSignal(constants.signals[name]);
    signal(pid, 'SIGKILL');
  } else {
    signal(pid, name);
  }
}

/**
 * Neither caught nor ignored, nor blocked to be waited for. C libraries block all signals for a moment while
 * they start a process, so it is looked several times before a signal counts as blocked.
 */
async function wouldBeWithheld(pid: number, name: NodeJS.Signals): Promise<boolean> {
  for (let look = 0; look < ociLimits.blockedLooks; look++) {
    if (look > 0) await delay(ociLimits.killPollMs);
    const masks = await signalMasks(pid);
    const bit = 1n << BigInt(constants.signals[name] - 1);
    if (masks === undefined || ((masks.caught | masks.ignored) & bit) !== 0n) return false;
    if ((masks.blocked & bit) === 0n) return true;
  }
  return false;
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
