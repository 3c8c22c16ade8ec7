import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { findTool, runCommand } from '../src/lib/command.ts';

const versionArguments: Readonly<Record<string, readonly string[]>> = {
  conmon: ['--version'],
  runc: ['--version'],
  dockerd: ['--version'],
  haproxy: ['-v'],
};

/** The load of the machine: processes that ran or wanted to, on average over the last minute. */
export async function load(): Promise<string> {
  return (await readFile('/proc/loadavg', 'utf8')).split(' ')[0] ?? '';
}

/** What the figures depend on. */
export async function machineFacts(): Promise<string[]> {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memoryGib = (totalmem() / 2 ** 30).toFixed(0);
  const programs = [`Node ${process.versions.node}`];
  for (const [name, args] of Object.entries(versionArguments)) programs.push(await version(name, args));
  return [
    `Date: ${new Date().toISOString().slice(0, 10)}`,
    `Machine: ${model}, ${availableParallelism()} cores, ${memoryGib} GiB, Linux ${release()}`,
    `Programs: ${programs.join(', ')}`,
  ];
}

async function version(name: string, args: readonly string[]): Promise<string> {
  const path = await findTool(name);
  if (path === undefined) return `no ${name}`;
  const { stdout } = await runCommand(path, args);
  return `${name} ${/\d+\.[\w.]+/.exec(stdout)?.[0] ?? 'of unknown version'}`;
}
