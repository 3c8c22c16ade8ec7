import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { toolEnvironment } from '../../lib/command.ts';
import { randomId } from '../../lib/ids.ts';
import { type ExecProcess, type ExecSpec, RuntimeError } from '../runtime.ts';
import type { Bundle, OciFolders } from './bundle.ts';
import type { OciTools } from './conmon.ts';
import type { OciProcess } from './container-config.ts';
import { ociLimits } from './limits.ts';
import { programRuns, signal } from './processes.ts';
import { startError } from './start-errors.ts';

/** A further process inside a container. */
export interface ExecSession extends ExecProcess {
  readonly id: string;
}

interface SessionFiles {
  /** What to run. */
  readonly process: string;
  /** Its number, written by the OCI runtime when it runs. */
  readonly pid: string;
  /** What the OCI runtime says in its own way; what its user is to know is on the standard error, too. */
  readonly log: string;
}

/**
 * Runs a command beside the main process, as the same user and with the same confinement. Resolves when it
 * runs.
 * @throws {RuntimeError} `start-error`, for example when the command does not exist
 */
export async function startExec(
  tools: OciTools,
  folders: OciFolders,
  bundle: Bundle,
  spec: ExecSpec,
): Promise<ExecSession> {
  const config = await bundle.readConfig<{ process: OciProcess }>();
  if (config === undefined) throw new RuntimeError('not-found', `workload ${bundle.id} does not exist`);
  if (spec.command.length === 0) throw new RuntimeError('start-error', 'no command is given');
  if (spec.tty !== undefined) throw new RuntimeError('unsupported', 'there are no terminals yet');
  const id = randomId(8);
  const stem = join(bundle.sessions, id);
  const files = { process: `${stem}.json`, pid: `${stem}.pid`, log: `${stem}.log` };
  await writeFile(files.process, JSON.stringify(execProcess(config.process, spec)), { mode: 0o600 });
  const global = ['--root', folders.state, '--log', files.log];
  const child = spawn(
    tools.ociRuntime,
    [...global, 'exec', '--process', files.process, '--pid-file', files.pid, bundle.id],
    { env: toolEnvironment },
  );
  child.stdin.on('error', () => {}); // the program ended without reading all of its input
  // Node throws away what nobody reads when the process ends, which may be before our caller reads.
  const stdout = child.stdout.pipe(new PassThrough());
  const stderr = child.stderr.pipe(new PassThrough());
  const started = startedPid(child, files);
  const exited = untilClosed(child, files, started);
  exited.catch(() => {}); // told by `startedPid` first
  const pid = await started;
  if (pid === undefined) throw startError(await text(stderr), folders.root);
  await programRuns(pid);
  const { stdin } = child;
  const kill = (name: NodeJS.Signals): void => {
    if (!isOver(child)) signalSession(pid, name);
  };
  return { id, pid: await innerPid(pid), stdin, stdout, stderr, exited, kill, resize() {} };
}

/** Ends what an earlier server ran beside the main process. */
export async function endLeftSessions(bundle: Bundle, processes: readonly number[]): Promise<void> {
  for (const name of await readdir(bundle.sessions).catch(() => [])) {
    const file = join(bundle.sessions, name);
    const pid = name.endsWith('.pid') ? await readPid(file) : undefined;
    if (pid !== undefined && processes.includes(pid)) signalSession(pid, 'SIGKILL');
    await rm(file, { force: true });
  }
}

/** Undefined when it ended without having run. */
async function startedPid(
  child: ChildProcessWithoutNullStreams,
  files: SessionFiles,
): Promise<number | undefined> {
  let failure: Error | undefined;
  child.once('error', error => {
    failure = error;
  });
  while (true) {
    const over = isOver(child);
    const pid = await readPid(files.pid);
    if (failure) throw failure;
    if (pid !== undefined || over) return pid;
    await delay(ociLimits.execPollMs);
  }
}

/** Its end, after which the files are removed; not before its number was read. */
async function untilClosed(
  child: ChildProcessWithoutNullStreams,
  files: SessionFiles,
  started: Promise<unknown>,
): Promise<{ exitCode: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code, name) => resolve(code ?? 128 + (name ? constants.signals[name] : 0)));
  try {
    return { exitCode: await promise };
  } finally {
    await started.catch(() => {});
    for (const file of Object.values(files)) await rm(file, { force: true });
  }
}

function isOver(child: ChildProcessWithoutNullStreams): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The process leads a session of its own; whatever it has started there gets the signal, too. */
function signalSession(pid: number, name: NodeJS.Signals): void {
  signal(-pid, name);
}

function execProcess(main: OciProcess, spec: ExecSpec): OciProcess {
  const inherited = spec.replaceEnv ? [] : main.env;
  const env = new Map(inherited.map(entry => [entry.split('=', 1)[0] ?? '', entry]));
  for (const [name, value] of Object.entries(spec.env ?? {})) env.set(name, `${name}=${value}`);
  return { ...main, args: spec.command, env: [...env.values()], cwd: spec.workingDirectory ?? main.cwd };
}

/** As the container counts. */
async function innerPid(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^NSpid:.*?(\d+)$/m.exec(status)?.[1] ?? 0);
}

async function readPid(file: string): Promise<number | undefined> {
  const content = await readFile(file, 'utf8').catch(() => '');
  return /^\d+$/.test(content) ? Number(content) : undefined;
}
