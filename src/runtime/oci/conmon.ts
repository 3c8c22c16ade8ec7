import { constants, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launched, Launcher } from '../../lib/launcher.ts';
import type { Bundle, OciFolders } from './bundle.ts';
import { ociLimits } from './limits.ts';
import { signal } from './processes.ts';

/** Absolute paths of the programs that do the work. */
export interface OciTools {
  readonly conmon: string;
  readonly ociRuntime: string;
}

/** The OCI runtime refused to make the container; the message is its own. */
export class ContainerRefused extends Error {
  override readonly name = 'ContainerRefused';
}

export interface StartedConmon {
  readonly conmon: Launched;
  /** The container's main process as the host counts it. */
  readonly mainPid: number;
}

/**
 * Starts a conmon, which makes the container and stays as its parent: it keeps the standard streams, writes
 * the log and the exit code, and lives on when this server does not. It stays the launcher's child (`--sync`),
 * which reaps it.
 * @throws {ContainerRefused}
 */
export async function startConmon(
  launcher: Launcher,
  tools: OciTools,
  folders: OciFolders,
  bundle: Bundle,
  logPath: string,
): Promise<StartedConmon> {
  const errorFile = join(bundle.folder, 'conmon.log');
  const conmon = await launcher.launch({
    file: tools.conmon,
    args: conmonArguments(tools, folders, bundle, logPath),
    cwd: bundle.folder,
    env: { _OCI_SYNCPIPE: '3' },
    errorFile,
  });
  try {
    return { conmon, mainPid: await createdPid(conmon) };
  } catch (error) {
    signal(-conmon.pid, 'SIGKILL'); // with the OCI runtime, which is of its group
    if (error instanceof ContainerRefused) throw error;
    const said = await readFile(errorFile, 'utf8').catch(() => '');
    throw new Error(`conmon failed: ${said.trim() || (error as Error).message}`, { cause: error });
  }
}

function conmonArguments(tools: OciTools, folders: OciFolders, bundle: Bundle, logPath: string): string[] {
  const options = {
    '--api-version': '1',
    '-c': bundle.id,
    '-u': bundle.id,
    '-n': bundle.id,
    '-r': tools.ociRuntime,
    '-b': bundle.folder,
    '-p': bundle.pidFile,
    '-0': bundle.persist,
    '--exit-dir': folders.exits,
    '-l': `k8s-file:${logPath}`,
  };
  return [
    ...Object.entries(options).flat(),
    '--sync',
    // The socket for attaching goes into the bundle, whatever the length of its path.
    '--full-attach',
    // Written is enough: what a power cut takes has no reader left.
    '--no-sync-log',
    `--runtime-arg=--root=${folders.state}`,
    `--runtime-arg=--log=${join(bundle.folder, 'runtime.log')}`,
  ];
}

/** @throws {ContainerRefused} */
export async function createdPid(conmon: Launched): Promise<number> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => limit.reject(new Error(`the container was not made within ${ociLimits.createTimeoutMs} ms`)),
    ociLimits.createTimeoutMs,
  );
  try {
    const text = await Promise.race([conmon.ready, limit.promise]);
    const { data, message } = JSON.parse(text) as { data: number; message?: string };
    if (data > 0) return data;
    throw new ContainerRefused(message?.trim() ?? 'the OCI runtime failed without a message');
  } finally {
    clearTimeout(timer);
  }
}

/** To conmon's control FIFO: type 2 opens the log anew; the two numbers belong to other types. */
const reopenMessage = '2 0 0\n';

/**
 * Makes a conmon open its log anew, at once.
 * @param folder where it was told that its bundle is
 * @returns false where no conmon lives
 */
export async function reopenConmonLog(folder: string): Promise<boolean> {
  let control: Awaited<ReturnType<typeof open>>;
  try {
    // Non-blocking: without a reader this fails at once (ENXIO) in place of waiting for one.
    control = await open(join(folder, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENXIO' || code === 'ENOENT') return false;
    throw error;
  }
  try {
    await control.write(reopenMessage);
    return true;
  } finally {
    await control.close();
  }
}
