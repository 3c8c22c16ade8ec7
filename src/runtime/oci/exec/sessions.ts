import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomId } from '../../../lib/ids.ts';
import { type ExecProcess, type ExecSpec, RuntimeError } from '../../runtime.ts';
import type { Bundle } from '../bundle.ts';
import { ociLimits } from '../limits.ts';
import { type ProcessIdentity, signal } from '../processes.ts';
import { execProcess, type OciConfig } from './exec-process.ts';
import { startPipedSession } from './piped-session.ts';
import type { SessionParts } from './session.ts';
import { startTerminalSession } from './terminal-session.ts';

/** The further processes that end with this server. */
export class Sessions {
  readonly #parts: SessionParts;
  readonly #live = new Set<ExecProcess>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /**
   * Runs a command beside the main process, with the same confinement. Resolves when it runs.
   * @param processes of the workload, as the host counts them
   * @throws {RuntimeError} `start-error`, for example when the command does not exist
   */
  async start(
    bundle: Bundle,
    processes: () => Promise<readonly number[]>,
    spec: ExecSpec,
  ): Promise<ExecProcess> {
    const config = await bundle.readConfig<OciConfig>();
    if (config === undefined) throw new RuntimeError('not-found', `workload ${bundle.id} does not exist`);
    const stem = join(bundle.sessions, randomId(8));
    const files = { process: `${stem}.json`, pid: `${stem}.pid`, log: `${stem}.log` };
    const forget = () => Promise.all(Object.values(files).map(file => rm(file, { force: true })));
    await writeFile(files.process, JSON.stringify(execProcess(config, spec)), { mode: 0o600 });
    try {
      const place = { id: bundle.id, files, processes };
      const session = spec.tty
        ? await startTerminalSession(this.#parts, place, spec.tty)
        : await startPipedSession(this.#parts, place);
      this.#live.add(session);
      void session.exited.finally(() => {
        this.#live.delete(session);
        return forget();
      });
      return session;
    } catch (error) {
      await forget();
      throw error;
    }
  }

  /** Kills them all; resolves when they have ended. Those of a paused workload end when it goes on. */
  async close(): Promise<void> {
    for (const session of this.#live) {
      session.stdout.destroy();
      session.stderr.destroy();
      session.kill('SIGKILL');
    }
    const ended = Promise.all([...this.#live].map(session => session.exited));
    const limit = new AbortController();
    await Promise.race([ended, delay(ociLimits.sessionEndTimeoutMs, undefined, { signal: limit.signal })]);
    limit.abort();
  }
}

/**
 * Ends what an earlier server ran beside the main process.
 * @param processes of the workload, as the host counts them
 * @param conmons by the path in the bundle of the file for the process's number: some may have no process yet
 */
export async function endLeftSessions(
  bundle: Bundle,
  processes: readonly number[],
  conmons: ReadonlyMap<string, ProcessIdentity>,
): Promise<void> {
  for (const name of await readdir(bundle.sessions).catch(() => [])) {
    const file = join(bundle.sessions, name);
    const pid = name.endsWith('.pid') ? await readPid(file) : undefined;
    if (pid !== undefined && processes.includes(pid)) signal(-pid, 'SIGKILL');
    await rm(file, { force: true });
  }
  // Each leads a group, in which the OCI runtime may still be making the process.
  for (const [path, { pid }] of conmons) if (path.startsWith('sessions/')) signal(-pid, 'SIGKILL');
}

async function readPid(file: string): Promise<number | undefined> {
  const content = await readFile(file, 'utf8').catch(() => '');
  return /^\d+$/.test(content) ? Number(content) : undefined;
}
