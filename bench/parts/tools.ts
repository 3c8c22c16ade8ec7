import { findTool } from '../../src/lib/command.ts';
import { InstallError, installPackages } from '../../src/server/doctor/index.ts';
import { NotHere } from '../bench.ts';

/** The Debian packages of the programs that measurements use. */
const packageOf = {
  busybox: 'busybox-static',
  conmon: 'conmon',
  'docker-registry': 'docker-registry',
  dockerd: 'docker.io',
  haproxy: 'haproxy',
  ip: 'iproute2',
  nft: 'nftables',
  runc: 'runc',
  wrk: 'wrk',
} as const;

type Tool = keyof typeof packageOf;

/** Installs what is missing. @throws {NotHere} naming the packages, where that is not possible */
export async function requireTools(...names: readonly Tool[]): Promise<void> {
  const missing: string[] = [];
  for (const name of names) if (!(await findTool(name))) missing.push(packageOf[name]);
  if (missing.length === 0) return;
  console.error(`installing ${missing.join(', ')} ...`);
  try {
    await installPackages(missing, { onProgress: () => {} });
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    throw new NotHere(`needs the Debian packages ${missing.join(', ')}: ${error.message}`);
  }
}

/** @throws {NotHere} */
export function requireRoot(): void {
  if (process.platform !== 'linux') throw new NotHere('needs Linux');
  if (process.getuid?.() !== 0) throw new NotHere('needs root');
}

/** Absolute path of a program. @throws {NotHere} */
export async function toolPath(name: Tool): Promise<string> {
  await requireTools(name);
  const path = await findTool(name);
  if (path === undefined) throw new NotHere(`needs the Debian package ${packageOf[name]}`);
  return path;
}
