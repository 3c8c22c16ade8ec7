import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { adminToken, berthProgram } from '../support/index.ts';

const longestRunMs = 20_000;

export interface Launched {
  readonly child: ChildProcess;
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What it has written there so far. */
  readonly stderr: readonly string[];
}

/** A further server on a data directory that need not get ready; it is killed when it runs for too long. */
export function launch(dataDir: string, env: Readonly<Record<string, string>> = {}): Launched {
  const child = spawn(berthProgram, ['up', '--data-dir', dataDir, '--runtime', 'oci'], {
    cwd: dataDir,
    env: { PATH: process.env.PATH, BERTH_ADMIN_TOKEN: adminToken, BERTH_PORT: '0', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: longestRunMs,
    killSignal: 'SIGKILL',
  });
  const stderr: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended, stderr };
}
