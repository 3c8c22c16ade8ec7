import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { InstallError, installPackages } from '../../src/server/doctor/index.ts';
import { goFolder } from './clients/go.ts';
import { installClients } from './clients/index.ts';
import { runInstaller } from './clients/run-installer.ts';
import { patiently } from './patiently.ts';

/** Programs that tests use, and the Debian packages that bring them. */
const programs: Readonly<Record<string, string>> = {
  conmon: 'conmon',
  runc: 'runc',
  ip: 'iproute2',
  nft: 'nftables',
  busybox: 'busybox-static',
  catatonit: 'catatonit',
  chromium: 'chromium',
  dockerd: 'docker.io',
  go: 'golang-go',
  podman: 'podman',
  python3: 'python3',
  skopeo: 'skopeo',
  ssh: 'openssh-client',
};

const examplesWithPackages = ['counter'];
const testsOfClients = 'test/client/';

/** Installs what is missing; says nothing when nothing is. @param files of the tests; none: all of them */
export async function prepareMachine(root: string, files: readonly string[]): Promise<void> {
  await installPrograms();
  for (const example of examplesWithPackages) await installExample(join(root, 'examples', example));
  if (files.length === 0 || files.some(file => resolve(root, file).startsWith(join(root, testsOfClients)))) {
    await installClients(root);
  }
}

async function installPrograms(): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(programs)) {
    if (!(await isInstalled(program))) missing.push(name);
  }
  if (missing.length === 0) return;
  console.error(`Installing what the tests need: ${missing.join(', ')}`);
  try {
    await patiently(() => installPackages(missing, { onProgress: () => {} }));
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    console.error(`${error.message}\nTests that need them are skipped.`);
  }
}

async function isInstalled(program: string): Promise<boolean> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', goFolder];
  for (const folder of folders) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/** Again when its lock file is newer than what is installed. */
async function installExample(folder: string): Promise<void> {
  const lockedAt = (await stat(join(folder, 'package-lock.json'))).mtimeMs;
  const installed = await stat(join(folder, 'node_modules/.package-lock.json')).catch(() => undefined);
  if (installed !== undefined && installed.mtimeMs >= lockedAt) return;
  await patiently(() => runInstaller('npm', ['ci', '--no-audit', '--no-fund'], folder));
}
