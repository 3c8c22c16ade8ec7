import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { RuntimeError, type StartErrorReason } from '../runtime.ts';

/** A child that leads a group of its own. */
export interface GroupLeader {
  readonly child: ChildProcess;
  /** Its process id, and the number of its group. */
  readonly pid: number;
}

/**
 * Runs a command, never through a shell.
 * @throws {RuntimeError} `start-error`
 */
export async function spawnLeader(
  command: readonly string[],
  options: Pick<SpawnOptions, 'env' | 'stdio'> & { readonly cwd: string },
): Promise<GroupLeader> {
  const [program, ...args] = command;
  if (program === undefined) throw new RuntimeError('start-error', 'no command is given');
  await checkDirectory(options.cwd);
  // The name is looked up on the PATH in `env`.
  const child = spawn(program, args, { ...options, detached: true });
  try {
    if (child.pid === undefined) await once(child, 'spawn');
  } catch (error) {
    throw startError(program, error as NodeJS.ErrnoException);
  }
  return { child, pid: child.pid ?? 0 };
}

/** @throws {RuntimeError} `start-error` */
export async function checkDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new RuntimeError('start-error', 'the directory to run in does not exist', {
    reason: 'bad-directory',
  });
}

/** As a shell reports it: 128 + n after signal n. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

const reasons: Readonly<Record<string, StartErrorReason>> = {
  ENOENT: 'not-found',
  EACCES: 'not-executable',
  ENOEXEC: 'not-executable',
};

function startError(program: string, error: NodeJS.ErrnoException): RuntimeError {
  const texts: Record<string, string> = {
    ENOENT: `command not found: ${program}`,
    EACCES: `command is not executable: ${program}`,
    E2BIG: 'the command and its environment are too long',
  };
  const text = texts[error.code ?? ''] ?? `the command could not be run (${error.code})`;
  const reason = reasons[error.code ?? ''];
  return new RuntimeError('start-error', text, { cause: error, ...(reason && { reason }) });
}
