import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a root file system begins with, as data: it can be compared before it is written. */
export type SkeletonEntry =
  | { readonly type: 'folder'; readonly path: string; readonly mode: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | { readonly type: 'file'; readonly path: string; readonly content: string };

/** Top folders that are links into `/usr` on most machines, and real folders on older ones. */
const systemFolders = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

const folders: readonly (readonly [path: string, mode: number])[] = [
  ['usr', 0o755],
  ['proc', 0o555],
  ['sys', 0o555],
  ['dev', 0o755],
  ['run', 0o755],
  ['tmp', 0o1777],
  ['var', 0o755],
  ['var/tmp', 0o1777],
  ['root', 0o700],
  ['home', 0o755],
  ['app', 0o755],
  ['opt', 0o755],
  ['opt/berth', 0o755],
  ['opt/berth/bin', 0o755],
  ['etc', 0o755],
  ['etc/alternatives', 0o755],
  ['etc/ssl', 0o755],
  ['etc/ssl/certs', 0o755],
];

const files: Readonly<Record<string, string>> = {
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'etc/passwd':
    'root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  // Something to mount on.
  'opt/berth/bin/node': '',
};

/** Public tables that programs of `/usr` look up; nothing in them is the machine's own. */
const copiedFiles = [
  'etc/ld.so.cache',
  'etc/protocols',
  'etc/services',
  'etc/ssl/openssl.cnf',
  'etc/ssl/certs/ca-certificates.crt',
];

/** The entries, parents first, and the system folders that must be mounted because they are no links. */
export async function hostSkeleton(): Promise<{ entries: SkeletonEntry[]; mounts: string[] }> {
  const entries: SkeletonEntry[] = folders.map(([path, mode]) => ({ type: 'folder', path, mode }));
  const mounts: string[] = ['usr'];
  for (const name of systemFolders) {
    const found = await lstat(join('/', name)).catch(() => undefined);
    if (found?.isSymbolicLink()) {
      entries.push({ type: 'link', path: name, target: await readlink(join('/', name)) });
    } else if (found?.isDirectory()) {
      entries.push({ type: 'folder', path: name, mode: 0o755 });
      mounts.push(name);
    }
  }
  for (const [path, content] of Object.entries(files)) entries.push({ type: 'file', path, content });
  for (const path of copiedFiles) {
    const content = await publicFile(join('/', path));
    if (content !== undefined) entries.push({ type: 'file', path, content });
  }
  entries.push(...(await linksIntoUsr('etc/alternatives')), ...(await linksIntoUsr('etc/ssl/certs')));
  return { entries, mounts };
}

/** Latin-1 text, so that any bytes survive. */
async function publicFile(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    return (mode & 0o004) === 0 ? undefined : await readFile(path, 'latin1');
  } catch {
    return undefined; // not on this machine
  }
}

/** Links of a folder that end in `/usr`, such as the choice of an awk; manual pages are left out. */
async function linksIntoUsr(folder: string): Promise<SkeletonEntry[]> {
  const names = await readdir(join('/', folder)).catch(() => []);
  const links = await Promise.all(
    names
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map(async (name): Promise<SkeletonEntry[]> => {
        const path = join(folder, name);
        if (name.endsWith('.gz')) return [];
        try {
          const target = await readlink(join('/', path));
          const inUsr = (await realpath(join('/', path))).startsWith('/usr/');
          return inUsr ? [{ type: 'link', path, target }] : [];
        } catch {
          return []; // no link, or one that leads nowhere
        }
      }),
  );
  return links.flat();
}
