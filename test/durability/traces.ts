import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, runCommand } from '../../src/lib/command.ts';
import { instanceTag } from '../../src/network/index.ts';

/** Everything on the machine that belongs to one data directory, by kind, in a fixed order. */
export interface Traces {
  readonly mounts: readonly string[];
  /** Names of network namespaces. */
  readonly namespaces: readonly string[];
  /** Names of host ends of links. */
  readonly interfaces: readonly string[];
  /** Absolute paths, of all hierarchies. */
  readonly cgroups: readonly string[];
  /** Lines of the packet filter's own table, set elements included, and rules in others' tables. */
  readonly rules: readonly string[];
  readonly routes: readonly string[];
  /** Numbers and command lines, but for the server's own. */
  readonly processes: readonly string[];
  /** Paths in the data directory, of what a workload leaves. */
  readonly folders: readonly string[];
  /** Paths under /run, /var and /dev that have the data directory's tag or a workload's id in their name. */
  readonly elsewhere: readonly string[];
}

/** Folders of the data directory with something for each workload in them. */
const workloadFolders = ['oci/bundles', 'oci/exits', 'oci/state', 'oci/trash', 'logs'];
const otherFolders = ['/run', '/dev/shm', '/dev/mqueue', '/var/lib', '/var/tmp'];

/**
 * @param serverPid this process and its children are not counted
 * @param ids of workloads, to look for elsewhere
 */
export async function traces(
  dataDir: string,
  { serverPid, ids = [] }: { serverPid?: number; ids?: readonly string[] } = {},
): Promise<Traces> {
  const tag = instanceTag(dataDir);
  const prefix = `b${tag}-`;
  const marks = [prefix, `berth-${tag}`, `berth_${tag}`, ...ids];
  const subnet = (await readFile(join(dataDir, 'network/subnet'), 'utf8').catch(() => '')).trim() || prefix;
  const [mounts, links, netns, groups, rules, routes, processes, folders, elsewhere] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    names('/sys/class/net'),
    names('/run/netns'),
    foldersUnder('/sys/fs/cgroup', 4),
    rulesOf(tag),
    output('ip', ['route', 'show', 'table', 'all']),
    processesOf(dataDir, tag, serverPid),
    Promise.all(
      workloadFolders.map(async folder =>
        (await names(join(dataDir, folder))).map(name => join(folder, name)),
      ),
    ),
    Promise.all(otherFolders.map(folder => foldersUnder(folder, 3))),
  ]);
  return {
    mounts: mounts.split('\n').filter(line => line.includes(dataDir) || line.includes(prefix)),
    namespaces: netns.filter(name => name.startsWith(prefix)),
    interfaces: links.filter(name => name.startsWith(prefix)),
    cgroups: groups.filter(path => path.includes(`berth-${tag}`)),
    rules,
    routes: routes.split('\n').filter(line => line.includes(prefix) || line.includes(subnet)),
    processes,
    folders: folders.flat(),
    elsewhere: elsewhere
      .flat()
      .filter(path => !path.startsWith('/run/netns/') && marks.some(mark => path.includes(mark))),
  };
}

export function assertNothing(found: Traces): void {
  assert.deepEqual(
    Object.entries(found).filter(([, entries]) => entries.length > 0),
    [],
  );
}

/** Live processes of one workload, told by their control group. */
export async function processesOfWorkload(id: string): Promise<ContainedProcess[]> {
  const all = await Promise.all((await pids()).map(pid => contained(pid)));
  return all.filter(process => process?.workload === id).filter(process => process !== undefined);
}

export interface ContainedProcess {
  readonly pid: number;
  /** Clock ticks since the machine's start: a later process with the same number has another. */
  readonly startTime: string;
  readonly workload: string;
}

/** All live processes in the control groups of a data directory's workloads. */
export async function containedProcesses(dataDir: string): Promise<ContainedProcess[]> {
  const parent = `berth-${instanceTag(dataDir)}`;
  const all = await Promise.all((await pids()).map(pid => contained(pid, parent)));
  return all.filter(process => process !== undefined);
}

/** Children of a process that have ended and were not reaped. */
export async function zombiesOf(parent: number): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await pids()) {
    const [state, ppid] = await statFields(pid);
    if (state === 'Z' && Number(ppid) === parent) found.push(pid);
  }
  return found;
}

async function contained(pid: number, parent?: string): Promise<ContainedProcess | undefined> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  const [, owner, workload] = /\/(berth-[0-9a-f]+)\/([^/\n]+)/.exec(groups) ?? [];
  if (workload === undefined || (parent !== undefined && owner !== parent)) return undefined;
  const fields = await statFields(pid);
  const [state, startTime] = [fields[0], fields[19]];
  if (state === undefined || startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTime, workload };
}

/** Of /proc/PID/stat, from the state on. */
async function statFields(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

async function processesOf(dataDir: string, tag: string, serverPid: number | undefined): Promise<string[]> {
  const found = (await pids()).map(async pid => {
    if (pid === serverPid || pid === process.pid) return undefined;
    const [state, parent] = await statFields(pid);
    // One that has ended waits for nothing but its parent.
    if (state === 'Z' || (serverPid !== undefined && Number(parent) === serverPid)) return undefined;
    const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
    const [command, group, cwd] = await Promise.all([
      read('cmdline'),
      read('cgroup'),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    const ours = command.includes(dataDir) || group.includes(`berth-${tag}`) || cwd.startsWith(dataDir);
    return ours ? `${pid} ${command.replaceAll('\0', ' ')}` : undefined;
  });
  return (await Promise.all(found)).filter(text => text !== undefined);
}

async function rulesOf(tag: string): Promise<string[]> {
  const [tables, foreign] = await Promise.all([
    output('nft', ['list', 'ruleset']),
    output('iptables', ['-w', '-S']),
  ]);
  const own = tables.split('\n}\n').filter(table => table.includes(tag));
  return [
    ...own.flatMap(table => table.split('\n')),
    ...foreign.split('\n').filter(rule => rule.includes(tag)),
  ];
}

async function output(file: string, args: readonly string[]): Promise<string> {
  try {
    return (await runCommand(file, args)).stdout;
  } catch (error) {
    if (error instanceof CommandError) return ''; // not installed
    throw error;
  }
}

async function pids(): Promise<number[]> {
  return (await names('/proc')).map(Number).filter(Number.isInteger);
}

async function foldersUnder(folder: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = entries.map(async entry => {
    const path = join(folder, entry.name);
    if (folder.startsWith('/sys/') && !entry.isDirectory()) return [];
    return entry.isDirectory() ? [path, ...(await foldersUnder(path, depth - 1))] : [path];
  });
  return (await Promise.all(found)).flat();
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).toSorted((a, b) => a.localeCompare(b));
}
