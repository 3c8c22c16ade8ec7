import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Bundle } from './bundle.ts';
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

/** Neither caught nor ignored, nor blocked to be waited for. */
async function wouldBeWithheld(pid: number, name: NodeJS.Signals): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const bit = 1n << BigInt(constants.signals[name] - 1);
  const masks = [...status.matchAll(/^Sig(?:Blk|Ign|Cgt):\s*([0-9a-f]+)$/gm)];
  return masks.length === 3 && masks.every(([, mask]) => (BigInt(`0x${mask}`) & bit) === 0n);
}

/** The exit code of a main process that may have been killed in place of another signal. */
export function meantExitCode(exitCode: number, substituted: number | undefined): number {
  return substituted !== undefined && exitCode === 128 + constants.signals.SIGKILL
    ? 128 + substituted
    : exitCode;
}
