import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { patiently } from '../patiently.ts';
import type { Ecosystem } from './ecosystem.ts';
import { go } from './go.ts';
import { npm } from './npm.ts';
import { pypi } from './pypi.ts';

const ecosystems = { npm, go, pypi } as const satisfies Record<string, Ecosystem>;

export type EcosystemName = keyof typeof ecosystems;

/**
 * Installs the clients that tests run against a server. What is there already, by lists that have not changed
 * since, stays. Where an ecosystem can't be had the tests that need it are skipped with the reason.
 */
export async function installClients(root: string): Promise<void> {
  for (const ecosystem of Object.values(ecosystems)) {
    const folder = await folderOf(root, ecosystem);
    if (await exists(folder)) continue;
    console.error(`Installing clients for the tests: ${ecosystem.name}`);
    try {
      await patiently(() => installInto(folder, listsOf(root, ecosystem), ecosystem));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await writeFile(`${folder}.failed`, reason);
      console.error(`${reason}\nTests that need them are skipped.`);
    }
  }
}

/** Where an ecosystem's clients are. @returns else the reason why they are not there */
export async function findClients(
  root: string,
  name: EcosystemName,
): Promise<{ readonly folder: string } | { readonly missing: string }> {
  const folder = await folderOf(root, ecosystems[name]);
  if (await exists(folder)) return { folder };
  const reason = await readFile(`${folder}.failed`, 'utf8').catch(() => 'npm test installs them');
  return { missing: `there are no ${name} clients here: ${reason}` };
}

/** The name has the lists' checksum, so that another list is another folder. */
async function folderOf(root: string, ecosystem: Ecosystem): Promise<string> {
  const hash = createHash('sha256');
  for (const list of ecosystem.lists) hash.update(await readFile(join(listsOf(root, ecosystem), list)));
  return join(root, '.cache/clients', `${ecosystem.name}-${hash.digest('hex').slice(0, 16)}`);
}

function listsOf(root: string, ecosystem: Ecosystem): string {
  return join(root, 'test/client/packages', ecosystem.name);
}

/** The folder appears when it is complete; those of former lists go. */
async function installInto(folder: string, lists: string, ecosystem: Ecosystem): Promise<void> {
  const all = dirname(folder);
  await mkdir(all, { recursive: true });
  const young = await mkdtemp(join(all, `.${ecosystem.name}-`));
  try {
    for (const list of ecosystem.lists) await copyFile(join(lists, list), join(young, list));
    await ecosystem.install(young);
    for (const name of await readdir(all)) {
      if (name.startsWith(`${ecosystem.name}-`)) await rm(join(all, name), { recursive: true });
    }
    await chmod(young, 0o755); // workloads run from it as other users
    await rename(young, join(all, basename(folder)));
  } finally {
    await rm(young, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
