import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

export interface CommandOptions {
  /** Written to its standard input. */
  readonly input?: string;
  /** Killed after this long. */
  readonly timeoutMs?: number;
  /** Kills it. */
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ended otherwise than with code 0, or could not be run at all (`exitCode` undefined). */
export class CommandError extends Error {
  readonly exitCode: number | undefined;
  readonly stderr: string;

  constructor(message: string, exitCode: number | undefined, stderr: string) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

export const defaultTimeoutMs = 20_000;

/**
 * The whole environment of the machine's own tools: nothing of the server's, which may hold secrets. System
 * folders are on the path even where the server was started by an ordinary login.
 */
export const toolEnvironment: Readonly<Record<string, string>> = {
  PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  LC_ALL: 'C',
};

/** The absolute path of one of the machine's tools; undefined when it is not installed. */
export async function findTool(name: string): Promise<string | undefined> {
  const folders = name.includes('/') ? ['.'] : (toolEnvironment.PATH ?? '').split(':').filter(Boolean);
  for (const folder of folders) {
    const path = resolve(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/**
 * Runs one of the machine's tools to its end; never through a shell.
 * @throws {CommandError}
 */
export type RunCommand = (
  file: string,
  args: readonly string[],
  options?: CommandOptions,
) => Promise<CommandResult>;

/** Runs it as a child of this process. */
export const runCommand: RunCommand = async (file, args, options = {}) => {
  const child = spawn(file, args, {
    env: toolEnvironment,
    timeout: options.timeoutMs ?? defaultTimeoutMs,
    killSignal: 'SIGKILL',
    ...(options.signal && { signal: options.signal }),
  });
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on('error', error => reject(new CommandError(`${file}: ${error.message}`, undefined, '')));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  child.stdin.on('error', () => {}); // it ended without reading its input: the exit code tells
  child.stdin.end(options.input ?? '');
  const [status, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return commandResult(file, args, { status, stdout, stderr });
};

/**
 * The result of a command that has ended.
 * @throws {CommandError}
 */
export function commandResult(
  file: string,
  args: readonly string[],
  end: CommandResult & { readonly status: number | string },
): CommandResult {
  const { status, stdout, stderr } = end;
  if (status === 0) return { stdout, stderr };
  throw new CommandError(
    `${file} ${args[0] ?? ''} ended with ${status}: ${stderr.trim()}`,
    typeof status === 'number' ? status : undefined,
    stderr,
  );
}
