import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Check } from './check.ts';

const oldestNode = 24;
const leastFreeBytes = 1024 ** 3;
const dockerSocket = '/var/run/docker.sock';

export function checkNode(version = process.version): Check {
  const ok = Number.parseInt(version.slice(1), 10) >= oldestNode;
  const found = `${version.slice(1)} (${process.execPath})`;
  const base = { name: 'Node', ok, found, switchesOff: 'everything', neededByOci: true };
  return ok ? base : { ...base, remedy: { text: `install Node ${oldestNode} or later` } };
}

export function checkSystem(platform = process.platform): Check {
  const ok = platform === 'linux';
  const base = { name: 'system', ok, found: platform, switchesOff: 'the oci runtime', neededByOci: true };
  return ok ? base : { ...base, remedy: { text: 'run Berth on Linux' } };
}

export async function checkDisk(dataDir: string): Promise<Check> {
  const base = { name: 'disk space', switchesOff: 'room for images, logs and data', neededByOci: false };
  const folder = await existingParent(dataDir);
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const found = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free for ${dataDir}`;
  if (freeBytes >= leastFreeBytes) return { ...base, ok: true, found };
  return { ...base, ok: false, found, remedy: { text: 'free some, or choose another folder: --data-dir' } };
}

/** For information only: no part of this version uses it. */
export async function checkDocker(): Promise<Check> {
  const reachable = await access(dockerSocket, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return {
    name: 'docker socket',
    ok: true,
    found: `${reachable ? dockerSocket : 'not reachable'} (not used by this version)`,
    switchesOff: 'the docker runtime, in a later version',
    neededByOci: false,
  };
}

async function existingParent(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  return found === undefined && dirname(folder) !== folder ? await existingParent(dirname(folder)) : folder;
}
