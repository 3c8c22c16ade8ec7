import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ociLimits } from './limits.ts';

/** A process that can be told from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the machine's start. */
  readonly startTime: string;
}

/** Undefined when it is gone, or only waits to be reaped. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold anything; fields count from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (state === undefined || startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTime };
}

export async function lives(process: ProcessIdentity): Promise<boolean> {
  return (await identify(process.pid))?.startTime === process.startTime;
}

/**
 * Resolves when a process that the OCI runtime has made runs its program, or is gone: for a moment it still is
 * the runtime's own `runc init`, on which signals are lost.
 */
export async function programRuns(pid: number): Promise<void> {
  const deadline = Date.now() + ociLimits.programTimeoutMs;
  while ((await isBecomingProgram(pid)) && Date.now() < deadline) await delay(ociLimits.execPollMs);
}

/**
 * In the middle of execve(2) a process has no command line, but may still have the signal handlers of before;
 * one that has ended has none either.
 */
async function isBecomingProgram(pid: number): Promise<boolean> {
  const [path, command, ...rest] = await commandLine(pid);
  if (path === undefined) return (await identify(pid)) !== undefined;
  return basename(path) === 'runc' && command === 'init' && rest.length === 0;
}

async function commandLine(pid: number | string): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0').slice(0, -1);
}

/** Whether the number is in use; costs next to nothing. */
export function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The conmons of a folder of bundles, each by the path in it of the file for the number of its process. */
export async function findConmons(bundles: string): Promise<Map<string, ProcessIdentity>> {
  const found = new Map<string, ProcessIdentity>();
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  for (const pid of pids) {
    const args = await commandLine(pid);
    if (basename(args[0] ?? '') !== 'conmon') continue;
    const file = args[args.indexOf('-p') + 1] ?? '';
    const identity = file.startsWith(`${bundles}/`) ? await identify(Number(pid)) : undefined;
    if (identity) found.set(file.slice(bundles.length + 1), identity);
  }
  return found;
}

/** @returns false when there is no such process */
export function signal(pid: number, name: NodeJS.Signals | number): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
