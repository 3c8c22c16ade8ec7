import { closeSync, constants, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import { Readable, Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { ProgramOutput } from '../../lib/program-output.ts';
import { resizeTerminal, spawnInTerminal, type TerminalProcess } from '../../lib/pseudo-terminal.ts';
import { type ExecProcess, RuntimeError, type TerminalSize } from '../runtime.ts';
import { killSession } from './exec.ts';
import { foregroundGroup, signal } from './process-table.ts';

export interface TerminalSpec {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly size: TerminalSize;
}

/**
 * A further process of a workload in a terminal. Programs that are started meanwhile get the server's side of it,
 * too, so that it is never hung up by being closed: signals end what is in it.
 * @throws {RuntimeError} `unsupported` on machines that can give no terminals
 */
export function execInTerminal(spec: TerminalSpec): ExecProcess {
  const ended = Promise.withResolvers<number>();
  const { pid, master, path } = spawn(spec, ended.resolve);
  // While somebody has its other side, Node does not take a pause of its programs for the end.
  const held = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  const terminal = new ReadStream(master);
  const output = new ProgramOutput(terminal);
  let isOver = false;
  const end = async () => {
    const exitCode = await ended.promise;
    isOver = true;
    await output.finish();
    closeSync(held);
    return { exitCode };
  };
  const stdin = new Writable({
    write: (chunk, _encoding, done) => void terminal.write(chunk, error => done(error)),
  });
  stdin.on('error', () => {}); // it may end without reading all of its input
  const kill = (name: NodeJS.Signals) => void (isOver || signalTerminal(pid, name));
  const resize = (size: TerminalSize) => void (isOver || resizeTerminal(master, size));
  return { pid, stdin, stdout: output.stream, stderr: Readable.from([]), kill, resize, exited: end() };
}

function spawn(spec: TerminalSpec, onExit: (exitCode: number) => void): TerminalProcess {
  try {
    return spawnInTerminal(spec.command, spec, (code, number) => onExit(number > 0 ? 128 + number : code));
  } catch (cause) {
    throw new RuntimeError('unsupported', 'this machine can give no terminals', { cause });
  }
}

async function signalTerminal(pid: number, name: NodeJS.Signals): Promise<void> {
  if (!(name in system.signals)) return;
  if (name === 'SIGKILL') return killSession(pid);
  const groups = new Set([pid, (await foregroundGroup(pid)) ?? pid]);
  for (const group of groups) signal(-group, name);
  // As the system does when a terminal is hung up: what is stopped must get to know.
  if (name === 'SIGHUP') for (const group of groups) signal(-group, 'SIGCONT');
}
