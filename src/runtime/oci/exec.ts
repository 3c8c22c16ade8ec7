import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { toolEnvironment } from '../../lib/command.ts';
import { randomId } from '../../lib/ids.ts';
import { type ExecProcess, type ExecSpec, RuntimeError } from '../runtime.ts';
import type { Bundle, OciFolders } from './bundle.ts';
import type { OciTools } from './conmon.ts';
import type { OciProcess } from './container-config.ts';
import { ociLimits } from './limits.ts';
import { signal } from './processes.ts';

/** A further process inside a container, and the way to end it with the server. */
export interface ExecSession extends ExecProcess {
  readonly id: string;
}

/** Runs a command beside the main process, as the same user and with the same confinement. */
export async function startExec(
  tools: OciTools,
  folders: OciFolders,
  bundle: Bundle,
  spec: ExecSpec,
): Promise<ExecSession> {
  const config = await bundle.readConfig<{ process: OciProcess }>();
  if (config === undefined) throw new RuntimeError('not-found', `workload ${bundle.id} does not exist`);
  if (spec.command.length === 0) throw new RuntimeError('start-error', 'no command is given');
  const id = randomId(8);
  const processFile = join(bundle.sessions, `${id}.json`);
  const pidFile = join(bundle.sessions, `${id}.pid`);
  await writeFile(processFile, JSON.stringify(execProcess(config.process, spec)), { mode: 0o600 });
  const child = spawn(
    tools.ociRuntime,
    ['--root', folders.state, 'exec', '--process', processFile, '--pid-file', pidFile, bundle.id],
    { env: toolEnvironment, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  child.stdin.on('error', () => {}); // the program ended without reading all of its input
  const exited = untilClosed(child, [processFile, pidFile]);
  exited.catch(() => {}); // told by `exited` itself to whoever waits for it
  const kill = async (name: NodeJS.Signals) => {
    let pid: number | undefined;
    while (pid === undefined && child.exitCode === null && child.signalCode === null) {
      pid = await readPid(pidFile);
      if (pid === undefined) await delay(ociLimits.killPollMs);
    }
    if (pid !== undefined) signalSession(pid, name);
  };
  const { stdin, stdout, stderr } = child;
  return { id, stdin, stdout, stderr, exited, kill: name => void kill(name) };
}

/** Its end, after which the files are removed. */
async function untilClosed(child: ChildProcess, files: readonly string[]): Promise<{ exitCode: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject);
  child.on('close', (code, name) => resolve(code ?? 128 + (name ? constants.signals[name] : 0)));
  try {
    return { exitCode: await promise };
  } finally {
    for (const file of files) await rm(file, { force: true });
  }
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

/** The process leads a session of its own; whatever it has started there is killed with it. */
function signalSession(pid: number, name: NodeJS.Signals): void {
  signal(name === 'SIGKILL' ? -pid : pid, name);
}

function execProcess(main: OciProcess, spec: ExecSpec): OciProcess {
  const env = new Map(main.env.map(entry => [entry.split('=', 1)[0] ?? '', entry]));
  for (const [name, value] of Object.entries(spec.env ?? {})) env.set(name, `${name}=${value}`);
  return { ...main, args: spec.command, env: [...env.values()], cwd: spec.workingDirectory ?? main.cwd };
}

async function readPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
