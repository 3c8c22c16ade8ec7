import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { processLimits } from './limits.ts';

const run = promisify(execFile);

/** USER_HZ: the kernel shows times in this unit on every architecture. */
const nsPerTick = 10_000_000;

interface TableEntry {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  /** Group in the foreground of its terminal; -1 without one. */
  readonly foreground: number;
  readonly startTime: string;
  readonly cpuNs: number;
  readonly isStopped: boolean;
}

/** The living processes; empty where there is no /proc. */
async function livingProcesses(): Promise<TableEntry[]> {
  const names = await readdir('/proc').catch(() => []);
  const entries = await Promise.all(names.filter(name => /^\d+$/.test(name)).map(readEntry));
  return entries.filter(entry => entry !== undefined);
}

async function readEntry(pid: string): Promise<TableEntry | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold anything; fields count from behind it (proc_pid_stat(5)).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group, session, , foreground] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined || state === 'Z' || state === 'X') return undefined;
  const ticks = Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]);
  return {
    pid: Number(pid),
    group: Number(group),
    session: Number(session),
    foreground: Number(foreground),
    startTime,
    cpuNs: ticks * nsPerTick,
    isStopped: state === 'T',
  };
}

/**
 * Tells a process from a later one with the same number, also from one after a reboot of the machine;
 * undefined when there is none.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const entry = await readEntry(String(pid));
  if (entry !== undefined) {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    return `${entry.startTime} ${boot.trim()}`;
  }
  if (process.platform === 'linux') return undefined;
  const shown = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => undefined);
  return shown?.stdout.trim() || undefined;
}

/** Processes of the session that a process leads. */
export async function sessionMembers(leader: number): Promise<number[]> {
  return (await livingProcesses()).filter(({ session }) => session === leader).map(({ pid }) => pid);
}

/** Group in the foreground of a process's terminal; undefined without one. */
export async function foregroundGroup(pid: number): Promise<number | undefined> {
  const foreground = (await readEntry(String(pid)))?.foreground ?? -1;
  return foreground > 1 ? foreground : undefined;
}

/** Processes of some groups, and those that have `entry` in their environment. */
export async function processesOf(groups: readonly number[], entry: string): Promise<number[]> {
  const all = new Set([...groups, ...(await groupsWithEnvironment(entry))]);
  return (await livingProcesses()).filter(({ group }) => all.has(group)).map(({ pid }) => pid);
}

/** Groups in which some process has `entry` (`NAME=value`) in its environment. */
export async function groupsWithEnvironment(entry: string): Promise<number[]> {
  const groups = new Set<number>();
  for (const { pid, group } of await livingProcesses()) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(entry)) groups.add(group);
  }
  return [...groups];
}

/**
 * Stops all processes of some groups, and of those that have `entry` in their environment, or lets them go on.
 * What they start meanwhile is found at the next look.
 */
export async function setStopped(stopped: boolean, groups: readonly number[], entry: string): Promise<void> {
  const deadline = performance.now() + processLimits.killTimeoutMs;
  const signalName = stopped ? 'SIGSTOP' : 'SIGCONT';
  for (const group of groups) signal(-group, signalName);
  if (process.platform !== 'linux') return;
  while (performance.now() < deadline) {
    const all = new Set([...groups, ...(await groupsWithEnvironment(entry))]);
    const others = (await livingProcesses()).filter(
      found => all.has(found.group) && found.isStopped !== stopped,
    );
    if (others.length === 0) return;
    for (const { pid } of others) signal(pid, signalName);
    await delay(processLimits.killPollMs);
  }
}

/** CPU time (ns, ended children included) and resident memory of a group; zeros where there is no /proc. */
export async function groupUsage(group: number): Promise<{ cpuNs: number; memoryBytes: number }> {
  const members = (await livingProcesses()).filter(entry => entry.group === group);
  const memory = await Promise.all(members.map(({ pid }) => residentBytes(pid)));
  return { cpuNs: sum(members.map(entry => entry.cpuNs)), memoryBytes: sum(memory) };
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return 1024 * Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** @returns false when there is no such process or group (a negative number) */
export function signal(pid: number, name: NodeJS.Signals | number): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    // EPERM: something is there, but it runs as somebody else (macOS also says so of zombies).
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return false;
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Kills a group; resolves when none of it lives, or after `killTimeoutMs`. */
export async function endGroup(group: number): Promise<void> {
  const deadline = performance.now() + processLimits.killTimeoutMs;
  while (signal(-group, 'SIGKILL') && performance.now() < deadline) {
    await delay(processLimits.killPollMs);
    // What is left may be dead already, and only wait for its parent to take note.
    if (process.platform === 'linux' && !(await livingProcesses()).some(entry => entry.group === group))
      return;
  }
}
