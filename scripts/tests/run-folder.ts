import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Short, as the number and the time are: Podman takes no more than 50 characters for a folder below. */
const prefix = 'bt-';
const digits = 36;

/** A process that can't be taken for a later one with the same number. */
interface Owner {
  readonly pid: number;
  /** In clock ticks since the start of the machine. */
  readonly startedAt: number;
}

/**
 * Makes the folder for all temporary files of this run. Whose it is stands in its name, so that what a killed
 * run has left can be told from what another is using.
 * @param parent folder for temporary files
 */
export async function makeRunFolder(parent: string): Promise<string> {
  const folder = join(parent, prefix + nameOf(await ownerOf(process.pid)));
  await rm(folder, { recursive: true, force: true }); // of a process before the last start of the machine
  await mkdir(folder, { mode: 0o755 });
  return folder;
}

/** Folders of runs that are over, which nobody else is cleaning up. They are this process's to remove. */
export async function claimDeadRunFolders(parent: string): Promise<string[]> {
  const claimed: string[] = [];
  for (const name of await readdir(parent)) {
    const owner = name.startsWith(prefix) ? parseOwner(name.slice(prefix.length)) : undefined;
    if (owner === undefined || (await isAlive(owner))) continue;
    const folder = join(parent, name);
    if (await claim(join(folder, 'cleaner'))) claimed.push(folder);
  }
  return claimed;
}

async function claim(file: string): Promise<boolean> {
  const mine = nameOf(await ownerOf(process.pid));
  const other = parseOwner(await readFile(file, 'utf8').catch(() => ''));
  const flag = other === undefined ? 'wx' : 'w';
  if (other !== undefined && (await isAlive(other))) return false;
  return writeFile(file, mine, { flag }).then(
    () => true,
    () => false, // another was faster
  );
}

function nameOf({ pid, startedAt }: Owner): string {
  return `${pid.toString(digits)}-${startedAt.toString(digits)}`;
}

function parseOwner(text: string): Owner | undefined {
  const [pid = '', startedAt = ''] = /^[0-9a-z]{1,6}-[0-9a-z]{1,10}$/.test(text) ? text.split('-') : [];
  if (pid === '') return undefined;
  return { pid: Number.parseInt(pid, digits), startedAt: Number.parseInt(startedAt, digits) };
}

async function isAlive(owner: Owner): Promise<boolean> {
  return (await ownerOf(owner.pid)).startedAt === owner.startedAt;
}

/** Where there is no /proc, all have the same time: leftovers are then told by nothing and stay. */
async function ownerOf(pid: number): Promise<Owner> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return { pid, startedAt: process.platform === 'linux' ? -1 : 0 };
  // The name in parentheses may hold blanks; proc(5) counts the state behind it as field 3, this as 22.
  return { pid, startedAt: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) };
}
