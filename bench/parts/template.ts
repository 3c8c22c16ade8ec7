import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Berth } from './berth.ts';

/** What is read here of the OCI configuration that Berth writes for a workload. */
export interface OciConfig {
  readonly root: { path: string };
  readonly process: {
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd: string;
    readonly user: { readonly uid: number; readonly gid: number };
  };
  readonly mounts: readonly {
    readonly destination: string;
    readonly source: string;
    readonly type: string;
    readonly options: string[];
  }[];
  readonly linux: {
    cgroupsPath: string;
    readonly namespaces: { type: string; path?: string }[];
    readonly resources: { readonly pids: { readonly limit: number } };
  };
}

/** One workload as Berth makes it, so that others can make the same. */
export interface Template {
  readonly config: OciConfig;
  /** The private files that its root file system begins with. */
  readonly upper: string;
  /** The image below them. */
  readonly layer: string;
}

/** Spawns a backend of a service, keeps what it was made from, and ends it. */
export async function templateOf(berth: Berth, service: string, folder: string): Promise<Template> {
  const id = await berth.spawn(service);
  await berth.visit(id);
  const bundle = berth.bundleFolder(id);
  const config = JSON.parse(await readFile(join(bundle, 'config.json'), 'utf8')) as OciConfig;
  const upper = join(folder, `upper-${service}`);
  await cp(join(bundle, 'upper'), upper, { recursive: true });
  await berth.terminate(id);
  return { config, upper, layer: rootOption(config, 'lowerdir') };
}

/** The same configuration for another folder, namespace and control group. */
export function moved(
  { config }: Template,
  to: { readonly folder: string; readonly namespacePath: string; readonly cgroupsPath: string },
): OciConfig {
  const copy = structuredClone(config);
  copy.root.path = join(to.folder, 'rootfs');
  copy.linux.cgroupsPath = to.cgroupsPath;
  const network = copy.linux.namespaces.find(({ type }) => type === 'network');
  if (network) network.path = to.namespacePath;
  const options = rootOptions(copy);
  for (const [index, option] of options.entries()) {
    if (option.startsWith('upperdir=')) options[index] = `upperdir=${join(to.folder, 'upper')}`;
    if (option.startsWith('workdir=')) options[index] = `workdir=${join(to.folder, 'work')}`;
  }
  return copy;
}

function rootOption(config: OciConfig, name: string): string {
  const option = rootOptions(config).find(text => text.startsWith(`${name}=`));
  if (option === undefined) throw new Error(`the root file system has no ${name}`);
  return option.slice(name.length + 1);
}

function rootOptions({ mounts }: OciConfig): string[] {
  const root = mounts.find(({ destination }) => destination === '/');
  if (root === undefined) throw new Error('the root file system is no overlay');
  return root.options;
}
