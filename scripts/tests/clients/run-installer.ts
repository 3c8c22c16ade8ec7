import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

const installTimeoutMs = 5 * 60_000;
const shownChars = 300;

/**
 * Runs a registry's ordinary client to its end.
 * @param env more variables
 * @throws {Error} with what it said
 */
export async function runInstaller(
  program: string,
  args: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: installTimeoutMs,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  const [end, said] = await Promise.all([ended, text(child.stderr)]);
  if (end === 0) return;
  const cause = said.replaceAll(/^go: downloading .*\n/gm, '').replaceAll(/\s+/g, ' ');
  throw new Error(`${program} ${args[0]} ended with ${end}: ${cause.slice(0, shownChars).trim()}`);
}
