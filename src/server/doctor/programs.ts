import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Check } from './check.ts';
import { hasUnifiedCgroups } from './kernel.ts';

const run = promisify(execFile);
const versionTimeoutMs = 5000;

/** System programs, also where the PATH of an ordinary user does not look. */
const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

interface ProgramFacts {
  readonly name: string;
  /** It is only looked for where there is none: what is not needed for a start must not take its time. */
  readonly versionArgument?: string;
  readonly packages: readonly string[];
  readonly switchesOff: string;
  /** False for what only some commands use. */
  readonly neededByOci?: boolean;
}

const network = 'the oci runtime (its network)';

const programs: readonly ProgramFacts[] = [
  {
    name: 'conmon',
    versionArgument: '--version',
    packages: ['conmon'],
    switchesOff: 'the oci runtime (what keeps workloads alive while Berth is away)',
  },
  { name: 'ip', versionArgument: '-Version', packages: ['iproute2'], switchesOff: network },
  { name: 'nft', versionArgument: '--version', packages: ['nftables'], switchesOff: network },
  {
    name: 'catatonit',
    versionArgument: '--version',
    packages: ['catatonit'],
    switchesOff: 'sandboxes on the oci runtime (their first process)',
    neededByOci: false,
  },
  {
    name: 'mmdebstrap',
    packages: ['mmdebstrap'],
    switchesOff: 'berth image create',
    neededByOci: false,
  },
];

export async function checkPrograms(path: string): Promise<Check[]> {
  return await Promise.all(programs.map(program => checkProgram(program, path)));
}

/** @param name `runc`, `crun` or `runsc` */
export async function checkOciRuntime(name: string, path: string): Promise<Check> {
  const packages = name === 'runsc' ? [] : [name];
  const switchesOff = 'the oci runtime (the program that runs containers)';
  const check = await checkProgram({ name, versionArgument: '--version', packages, switchesOff }, path);
  if (!check.ok && name === 'runsc') {
    return { ...check, remedy: { text: `install gVisor, or ${chooseAnother}` } };
  }
  if (!check.ok || name !== 'crun' || !isOldCrun(check.found) || (await hasUnifiedCgroups())) return check;
  const found = `${check.found} is older than 1.9 and does not work with cgroups version 1`;
  return { ...check, ok: false, found, remedy: { text: chooseAnother } };
}

const chooseAnother = 'choose another one with the setting oci.runtime';

function isOldCrun(found: string): boolean {
  const [major = 0, minor = 0] = found.split('.').map(part => Number.parseInt(part, 10));
  return major < 1 || (major === 1 && minor < 9);
}

async function checkProgram(program: ProgramFacts, path: string): Promise<Check> {
  const { name, versionArgument, packages, switchesOff, neededByOci = true } = program;
  const base = { name, switchesOff, neededByOci };
  const file = await findProgram(name, path);
  if (file === undefined) {
    const remedy = { text: `install the Debian package ${packages.join(' ')}`, packages };
    return { ...base, ok: false, found: 'not installed', remedy };
  }
  if (versionArgument === undefined) return { ...base, ok: true, found: file };
  try {
    const { stdout, stderr } = await run(file, [versionArgument], { timeout: versionTimeoutMs });
    const version = /\d+(\.\d+)+\S*/.exec(stdout || stderr)?.[0].replace(/,$/, '') ?? 'unknown version';
    return { ...base, ok: true, found: `${version} (${file})` };
  } catch {
    const remedy = { text: `reinstall the Debian package ${packages.join(' ')}`, packages };
    return { ...base, ok: false, found: `${file} does not run`, remedy };
  }
}

export async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of [...path.split(delimiter), ...systemFolders]) {
    if (!folder.startsWith('/')) continue;
    const file = join(folder, name);
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return file;
  }
  return undefined;
}
