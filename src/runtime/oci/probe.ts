import { access, constants, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, findTool, runCommand } from '../../lib/command.ts';
import { exists } from './bundle.ts';
import { cgroupLayout, missingControllers } from './cgroups.ts';

export interface OciProbe {
  /** The oci runtime can work here. */
  readonly ok: boolean;
  /** What keeps it from working, a sentence each. */
  readonly missing: readonly string[];
  /** Debian packages that would bring what is missing. */
  readonly packages: readonly string[];
}

export interface OciProbeOptions {
  /** `runc`, `crun` or `runsc`, or an absolute path. */
  readonly ociRuntime?: string;
  /** Overlay mounts are tried here: they do not work on every file system. */
  readonly dataDir?: string;
}

interface Problem {
  readonly text: string;
  readonly package?: string;
}

/** conmon 2.1 is the first that has all the options that are used. */
const oldestConmon = [2, 1] as const;

/** Tells whether the oci runtime can work on this machine, by trying what it needs. Changes nothing. */
export async function probeOci(options: OciProbeOptions = {}): Promise<OciProbe> {
  const problems = process.platform === 'linux' ? await findProblems(options) : [notLinux];
  return {
    ok: problems.length === 0,
    missing: problems.map(({ text }) => text),
    packages: [...new Set(problems.flatMap(problem => problem.package ?? []))],
  };
}

const notLinux: Problem = { text: 'Linux: without it there are no containers' };

async function findProblems({
  ociRuntime = 'runc',
  dataDir = tmpdir(),
}: OciProbeOptions): Promise<Problem[]> {
  if (process.getuid?.() !== 0) {
    return [{ text: 'root: without it neither containers nor networks can be made' }];
  }
  const found = await Promise.all([
    conmonProblem(),
    toolProblem(ociRuntime, { package: ociRuntime, without: 'no container can be made' }),
    toolProblem('ip', { package: 'iproute2', without: 'workloads get no network of their own' }),
    toolProblem('nft', { package: 'nftables', without: 'workloads can not be kept apart' }),
    nftablesProblem(),
    forwardingProblem(),
    cgroupProblem(),
    namespaceProblem(dataDir),
  ]);
  return found.filter(problem => problem !== undefined);
}

async function toolProblem(
  name: string,
  part: { package: string; without: string },
): Promise<Problem | undefined> {
  if (await findTool(name)) return undefined;
  return {
    text: `${name} (Debian package ${part.package}): without it ${part.without}`,
    package: part.package,
  };
}

async function conmonProblem(): Promise<Problem | undefined> {
  const absent = await toolProblem('conmon', {
    package: 'conmon',
    without: 'nobody keeps logs and exit codes of containers',
  });
  if (absent) return absent;
  const { stdout } = await runCommand('conmon', ['--version']);
  const version = (/version (\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number);
  const [major = 0, minor = 0] = version;
  if (major > oldestConmon[0] || (major === oldestConmon[0] && minor >= oldestConmon[1])) return undefined;
  return { text: `conmon ${oldestConmon.join('.')} or newer: this one is ${version.join('.')}` };
}

async function nftablesProblem(): Promise<Problem | undefined> {
  if (!(await findTool('nft')) || (await succeeds('nft', ['list', 'tables']))) return undefined;
  return {
    text: 'nftables in the kernel and the right to use them: without them workloads can not be kept apart',
  };
}

async function forwardingProblem(): Promise<Problem | undefined> {
  const writable = await access('/proc/sys/net/ipv4/ip_forward', constants.W_OK).then(
    () => true,
    () => false,
  );
  if (writable) return undefined;
  return {
    text: 'the right to forward packets (/proc/sys is read-only): without it workloads have no network',
  };
}

async function cgroupProblem(): Promise<Problem | undefined> {
  const missing = missingControllers(await cgroupLayout());
  if (missing.length === 0) return undefined;
  return {
    text: `cgroup controllers ${missing.join(', ')}: without them nothing can be limited or killed safely`,
  };
}

/** Tried in namespaces that end with the command. */
async function namespaceProblem(dataDir: string): Promise<Problem | undefined> {
  if (!(await findTool('unshare'))) return undefined;
  if (!(await succeeds('unshare', ['--mount', '--net', '--pid', '--fork', 'true']))) {
    return { text: 'the right to make namespaces: without it there are no containers' };
  }
  const folder = await mkdtemp(join((await exists(dataDir)) ? dataDir : tmpdir(), 'overlay-probe-'));
  try {
    for (const name of ['lower', 'upper', 'work', 'target']) await mkdir(join(folder, name));
    const layers = `lowerdir=${folder}/lower,upperdir=${folder}/upper,workdir=${folder}/work`;
    const mount = ['mount', '-t', 'overlay', 'overlay', '-o', layers, join(folder, 'target')];
    if (await succeeds('unshare', ['--mount', ...mount])) return undefined;
    return { text: `overlay mounts over ${dataDir}: without them workloads have no root file system` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function succeeds(file: string, args: readonly string[]): Promise<boolean> {
  try {
    await runCommand(file, args);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
