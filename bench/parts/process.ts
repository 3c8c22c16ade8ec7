import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { runCommand } from '../../src/lib/command.ts';

/** From the polite to the hard signal. */
const endTimeoutMs = 20_000;

/**
 * Starts a program that runs until the end of the measurement, in a group of its own: a key press in the terminal
 * must not end it before what it has made is removed.
 */
export function startProcess(
  cleanUp: AsyncDisposableStack,
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const child = spawn(file, args, { ...options, detached: true });
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  cleanUp.defer(async () => {
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
    await ended;
    clearTimeout(limit);
  });
  return child;
}

/** The process id. @throws what kept it from starting */
export async function pidOf(child: ChildProcess): Promise<number> {
  if (child.pid === undefined) await once(child, 'spawn');
  if (child.pid === undefined) throw new Error(`${child.spawnfile} did not start`);
  return child.pid;
}

/** What a process has started and that still runs. */
export async function childrenOf(pid: number): Promise<number[]> {
  const found: number[] = [];
  for (const other of await allProcesses()) if ((await statOf(other))[1] === String(pid)) found.push(other);
  return found;
}

let ticksPerSecond: number | undefined;

/** CPU time that a process has used so far, with all its threads and without its children; ms. */
export async function cpuMs(pid: number): Promise<number> {
  ticksPerSecond ??= Number((await runCommand('getconf', ['CLK_TCK'])).stdout);
  const fields = await statOf(pid);
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return ((userTicks + systemTicks) * 1000) / ticksPerSecond;
}

/** Resident memory, pages that are shared counted in part; bytes. */
export async function memoryBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1024;
}

/** The most that was resident (RSS) since the start, or since it was forgotten; bytes. */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** The peak begins anew at what is resident now. */
export async function forgetPeakMemory(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5'); // proc(5): resets the "high water mark"
}

/** Processes of a program that have this text somewhere in their arguments. */
export async function findProcesses(program: string, argument: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await allProcesses()) {
    const [path = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (path.endsWith(program) && args.join(' ').includes(argument)) found.push(pid);
  }
  return found;
}

async function allProcesses(): Promise<number[]> {
  return (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number);
}

/** Fields from the state on, which proc(5) counts as the third; none when the process is gone. */
async function statOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold blanks, so fields count from behind it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
