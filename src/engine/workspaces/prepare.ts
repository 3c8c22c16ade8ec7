import type { Runtime } from '../../runtime/runtime.ts';
import type { InstanceOptions } from '../../store/store.ts';
import { runInside } from './run-inside.ts';

/** A workspace that its owner can't use; the message is for them. */
export class NotReadyError extends Error {}

/** Folder of the repository that a workspace brings, in the home folder. */
const repositoryFolder = 'm';

/**
 * Makes sure that a shell runs in a workspace, and brings what was asked for with it.
 * @throws {NotReadyError} with the reason why it can't be used; {RuntimeError}
 */
export async function prepareWorkspace(
  runtime: Runtime,
  id: string,
  { repository }: InstanceOptions,
  signal: AbortSignal,
): Promise<void> {
  /** Each line is run by a shell of the workspace, in the home folder, with further arguments as `$1` and so on. */
  const run = async (what: string, line: string, ...args: string[]): Promise<void> => {
    const command = ['/bin/sh', '-c', `cd && ${line}`, 'sh', ...args];
    const exitCode = await runInside(runtime, id, { command, env: { GIT_TERMINAL_PROMPT: '0' } }, signal);
    if (exitCode === undefined) throw new NotReadyError(`${what} did not end in time`);
    if (exitCode !== 0) throw new NotReadyError(`${what} ended with ${exitCode}`);
  };

  await run('a shell', 'exit 0');
  if (repository === undefined) return;
  const { url, program } = repository;
  // An earlier server may have begun with it.
  await run('git clone', `rm -rf ${repositoryFolder} && exec git clone -- "$1" ${repositoryFolder}`, url);
  if (program === undefined) return;
  await run('the program of the repository', `cd ${repositoryFolder} && exec sh -c "$1"`, program);
}
