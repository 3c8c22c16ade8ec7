import { readFile } from 'node:fs/promises';
import type { Launched } from '../../../lib/launcher.ts';
import { ContainerRefused, createdPid } from '../conmon.ts';
import type { SessionParts } from '../exec/session.ts';
import { signal } from '../processes.ts';
import { startError } from '../start-errors.ts';
import type { ProcessFolder } from './process-folder.ts';

export interface StartedProcess {
  readonly conmon: Launched;
  /** As the host counts. */
  readonly pid: number;
}

/**
 * Starts a conmon that runs a process in a container and stays as its parent: it writes its output to a log and its
 * exit code to a file, and lives on when this server does not.
 * @param option of the OCI runtime: which control group the process is in
 * @throws {RuntimeError} `start-error`
 */
export async function startProcess(
  { launcher, tools, folders }: SessionParts,
  containerId: string,
  folder: ProcessFolder,
  { logPath, option }: { readonly logPath: string; readonly option: string },
): Promise<StartedProcess> {
  const options = {
    '--api-version': '1',
    '-c': containerId,
    '-u': containerId,
    '-n': containerId,
    '-r': tools.ociRuntime,
    '-b': folder.path,
    '-p': folder.pidFile,
    '--exit-dir': folder.exits,
    '--exec-process-spec': folder.spec,
    '-l': `k8s-file:${logPath}`,
  };
  const conmon = await launcher.launch({
    file: tools.conmon,
    args: [
      '-e',
      '--sync',
      ...Object.entries(options).flat(),
      // The socket for attaching goes into the folder, whatever the length of its path.
      '--full-attach',
      // Written is enough: what a power cut takes has no reader left.
      '--no-sync-log',
      `--runtime-arg=--root=${folders.state}`,
      `--runtime-opt=${option}`,
    ],
    cwd: folder.path,
    env: { _OCI_SYNCPIPE: '3' },
    errorFile: folder.errors,
  });
  try {
    return { conmon, pid: await createdPid(conmon) };
  } catch (error) {
    signal(-conmon.pid, 'SIGKILL'); // with the OCI runtime, which is of its group
    await conmon.ended;
    if (error instanceof ContainerRefused) throw startError(error.message, folders.root);
    const said = await readFile(folder.errors, 'utf8').catch(() => '');
    throw new Error(`conmon failed: ${said.trim() || (error as Error).message}`, { cause: error });
  }
}
