import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand } from '../../src/lib/command.ts';
import { probeOci } from '../../src/runtime/oci/index.ts';
import { TestWorld } from '../../src/runtime/oci/test-world.ts';
import { claimDeadRunFolders } from './run-folder.ts';

const killTimeoutMs = 10_000;
const killPollMs = 20;
/** A data folder is at most so deep in that of a run. */
const deepest = 3;

/**
 * Ends and removes what runs of the tests have left that were killed: processes, containers, namespaces,
 * rules, routes, control groups, mounts, folders. They would take addresses and memory from later runs. Only what
 * is provably of such a run is touched.
 * @param parent folder for temporary files
 */
export async function removeLeftovers(parent: string): Promise<void> {
  for (const folder of await claimDeadRunFolders(parent)) {
    console.error(`Removing what a killed run of the tests has left: ${folder}`);
    try {
      await removeRun(folder);
    } catch (error) {
      console.error(`Some of it is still there: ${(error as Error).message}`);
    }
  }
}

async function removeRun(folder: string): Promise<void> {
  await killProcesses(folder);
  if ((await probeOci()).ok) {
    for (const dataDir of await dataFolders(folder, deepest)) {
      // As a server that is started again and has its workloads removed one after the other.
      await using world = await TestWorld.open(dataDir, 0);
      await world.runtime.recover();
    }
  }
  for (const name of await readdir(folder)) {
    if (/^berth-test-[a-z0-9]{6}$/.test(name)) await removeNamespace(name);
  }
  await unmount(folder);
  await rm(folder, { recursive: true });
}

/** Whatever has the folder for its temporary files, or names something in it. */
async function killProcesses(folder: string): Promise<void> {
  const deadline = performance.now() + killTimeoutMs;
  for (;;) {
    const pids = await processesOf(folder);
    if (pids.length === 0) return;
    if (performance.now() > deadline) throw new Error(`processes ${pids.join(', ')} can't be killed`);
    for (const pid of pids) kill(pid);
    await delay(killPollMs);
  }
}

async function processesOf(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)) {
    const [words, variables] = await Promise.all(
      ['cmdline', 'environ'].map(name => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    const isOfRun =
      words?.includes(`${folder}/`) ||
      variables?.split('\0').some(text => `${text}/`.startsWith(`TMPDIR=${folder}/`));
    if (isOfRun && pid !== process.pid) found.push(pid);
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {} // it has ended
}

async function dataFolders(folder: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name);
  if (names.includes('oci') || names.includes('network')) return [folder];
  return (await Promise.all(names.map(name => dataFolders(join(folder, name), depth - 1)))).flat();
}

/** One that a test has made to be a host of its own; its links and routes go with it. */
async function removeNamespace(name: string): Promise<void> {
  const exists = await lstat(join('/run/netns', name)).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  const { stdout } = await runCommand('ip', ['netns', 'pids', name]);
  for (const pid of stdout.split('\n').filter(Boolean)) kill(Number(pid));
  await runCommand('ip', ['netns', 'del', name]);
}

/** What a killed Docker daemon has mounted; the latest first. */
async function unmount(folder: string): Promise<void> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')).split('\n');
  const paths = lines.map(line => line.split(' ')[4] ?? '').filter(path => path.startsWith(`${folder}/`));
  for (const path of paths.toReversed()) await runCommand('umount', ['--lazy', path]);
}
