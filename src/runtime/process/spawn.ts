import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
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
  if (!found?.isDirectory()) {
    throw new RuntimeError('start-error', 'the directory to run in does not exist', {
      reason: 'bad-directory',
    });
  }
}

/** As a shell reports it: 128 + n after signal n. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

const failures: Readonly<Record<string, readonly [text: string, reason?: StartErrorReason]>> = {
  ENOENT: ['command not found: %', 'not-found'],
  ENOTDIR: ['command not found: %', 'not-found'],
  EACCES: ['command is not executable: %', 'not-executable'],
  ENOEXEC: ['command is not executable: %', 'not-executable'],
  E2BIG: ['the command and its environment are too long'],
};

function startError(program: string, error: NodeJS.ErrnoException): RuntimeError {
  const [text, reason] = failures[error.code ?? ''] ?? [`the command could not be run (${error.code})`];
  return new RuntimeError(
    'start-error',
    text.replace('%', () => program),
    { cause: error, ...(reason && { reason }) },
  );
}

/**
 * Looks for a command as the system does, where nobody tells why it could not be run.
 * @throws {RuntimeError} `start-error`
 */
export async function checkCommand(
  [program]: readonly string[],
  { cwd, path = '' }: { readonly cwd: string; readonly path?: string | undefined },
): Promise<void> {
  if (program === undefined) throw new RuntimeError('start-error', 'no command is given');
  const candidates = program.includes('/')
    ? [resolve(cwd, program)]
    : path.split(':').map(folder => join(folder, program));
  let code = 'ENOENT';
  for (const candidate of candidates) {
    const found = await stat(candidate).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) continue;
    const isRunnable = found.isFile() && (found.mode & 0o111) !== 0;
    if (isRunnable) return;
    code = 'EACCES';
  }
  throw startError(program, Object.assign(new Error(code), { code }));
}
