import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Check } from './check.ts';

/** Packages can't be installed here; the message says why and what to do instead. */
export class InstallError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InstallError';
  }
}

export interface InstallOptions {
  /** Called with each line that the package tools print. */
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
}

const aptGet = '/usr/bin/apt-get';
/** Others may be installing at the same time, and mirrors have bad moments. */
const patience = ['--option', 'DPkg::Lock::Timeout=120', '--option', 'Acquire::Retries=3'];
const installTimeoutMs = 15 * 60_000;

/** The packages that would put right what these checks found missing. */
export function missingPackages(checks: readonly Check[]): string[] {
  const packages = checks.filter(check => !check.ok).flatMap(check => check.remedy?.packages ?? []);
  return [...new Set(packages)];
}

/** @returns the packages that were installed @throws {InstallError} */
export async function installMissing(checks: readonly Check[], options: InstallOptions): Promise<string[]> {
  const packages = missingPackages(checks);
  await installPackages(packages, options);
  return packages;
}

/** @throws {InstallError} when this is not Debian, not root, or the tools fail */
export async function installPackages(packages: readonly string[], options: InstallOptions): Promise<void> {
  if (packages.length === 0) return;
  const byHand = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  const isDebian = await access(aptGet).then(
    () => true,
    () => false,
  );
  if (!isDebian) {
    throw new InstallError(
      `this is not a Debian system; install what its packages call: ${packages.join(' ')}`,
    );
  }
  if (process.getuid?.() !== 0)
    throw new InstallError(`only root can install packages; run as root: ${byHand}`);

  // A failed update is no end: the lists of an earlier one may do.
  await aptGetRun(['update'], options).catch((error: unknown) => options.onProgress(String(error)));
  await aptGetRun(['install', '--yes', '--no-install-recommends', ...packages], options);
}

async function aptGetRun(args: readonly string[], { onProgress, signal }: InstallOptions): Promise<void> {
  const limit = AbortSignal.timeout(installTimeoutMs);
  const child = spawn(aptGet, ['--quiet', ...patience, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve(code));
  });
  let lastLine = '';
  const tell = (line: string): void => {
    lastLine = line;
    onProgress(line);
  };
  createInterface({ input: child.stdout }).on('line', tell);
  createInterface({ input: child.stderr }).on('line', tell);
  const code = await ended;
  if (code !== 0) throw new InstallError(`apt-get ${args[0] ?? ''} failed (exit code ${code}): ${lastLine}`);
}
