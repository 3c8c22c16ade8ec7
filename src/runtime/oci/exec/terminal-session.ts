import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Launched } from '../../../lib/launcher.ts';
import { Window } from '../../../lib/pseudo-terminal.ts';
import { type ExecProcess, RuntimeError, type TerminalSize } from '../../runtime.ts';
import { ociLimits } from '../limits.ts';
import { signal } from '../processes.ts';
import { startError } from '../start-errors.ts';
import { InsideProcess } from './inside-process.ts';
import { LineEnds } from './line-ends.ts';
import type { SessionParts, SessionPlace } from './session.ts';
import { openInput, openOutput } from './stdio.ts';

/**
 * Runs a process in a terminal of the workload. The OCI runtime stays and copies between it and two pipes; what it
 * takes for its own terminal is only a window that has the size.
 * @throws {RuntimeError} `start-error`
 */
export async function startTerminalSession(
  parts: SessionParts,
  place: SessionPlace,
  size: TerminalSize,
): Promise<ExecProcess> {
  const window = openWindow(size);
  const [inputPath = '', outputPath = ''] = await parts.fifos.take(2);
  const input = openInput(inputPath);
  const lines = new LineEnds();
  const output = openOutput(outputPath, lines.convert);
  let runtime: Launched;
  try {
    runtime = await parts.launcher.launch({
      file: parts.tools.ociRuntime,
      args: runtimeArguments(parts, place),
      cwd: dirname(place.files.pid),
      env: {},
      inputFile: inputPath,
      outputFile: outputPath,
      errorFile: window.path,
    });
  } catch (error) {
    window.close();
    throw error;
  } finally {
    for (const fifo of [input, output]) fifo.release();
  }
  let isOver = false;
  const ended = runtime.ended.finally(() => {
    isOver = true;
    window.close();
  });
  const pid = await startedPid(place.files.pid, () => isOver);
  if (pid === undefined) {
    input.end.destroy();
    output.end.stream.resume();
    await output.end.finish();
    throw startError(await reported(place.files.log), parts.folders.root);
  }
  const inside = await InsideProcess.at(pid);
  void leaveLinesToTerminal(parts, pid).then(
    async () => {
      await output.end.passed();
      lines.switchOff();
    },
    () => {},
  ); // it has ended, or reads from something else
  const kill = (name: NodeJS.Signals) => {
    if (name === 'SIGKILL') void inside.killSession(() => place.processes());
    else inside.signalGroup(name);
  };
  const end = async () => {
    const outcome = await ended;
    input.end.destroy();
    if (outcome === undefined) await inside.killSession(() => place.processes());
    await output.end.finish();
    return { exitCode: outcome?.exitCode ?? 137 };
  };
  const resize = (newSize: TerminalSize) => {
    if (isOver) return;
    window.resize(newSize);
    signal(runtime.pid, 'SIGWINCH');
  };
  return {
    pid: inside.innerPid,
    stdin: input.end,
    stdout: output.end.stream,
    stderr: Readable.from([]),
    kill,
    resize,
    exited: end(),
  };
}

/** Lets the workload's terminal end lines itself, so that programs can tell it not to. */
async function leaveLinesToTerminal({ launcher }: SessionParts, pid: number): Promise<void> {
  // Whatever the program has made of this by now: it is opened without waiting, and must be a terminal.
  await launcher.run('stty', ['-F', `/proc/${pid}/fd/0`, 'onlcr']);
}

/** @throws {RuntimeError} `unsupported` */
function openWindow(size: TerminalSize): Window {
  try {
    return new Window(size);
  } catch (cause) {
    throw new RuntimeError('unsupported', 'this machine can give no terminals', { cause });
  }
}

function runtimeArguments({ folders }: SessionParts, { id, files }: SessionPlace): string[] {
  const global = ['--root', folders.state, '--log', files.log, '--log-format', 'json'];
  return [...global, 'exec', '--tty', '--process', files.process, '--pid-file', files.pid, id];
}

/** Undefined when it ended without having run. */
async function startedPid(file: string, isOver: () => boolean): Promise<number | undefined> {
  while (true) {
    const over = isOver();
    const content = await readFile(file, 'utf8').catch(() => '');
    if (/^\d+$/.test(content)) return Number(content);
    if (over) return undefined;
    await delay(ociLimits.execPollMs);
  }
}

/** What the OCI runtime has put into its log. */
async function reported(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const messages = lines.map(line => (JSON.parse(line) as { msg?: string }).msg ?? '');
  return messages.join('\n') || 'the OCI runtime failed without a message';
}
