import type { Descriptor, Platform } from '../repositories/manifest.ts';

/** Node's names of architectures -> Go's, which images use. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm64: 'arm64',
  arm: 'arm',
};

/** What images must be for. Workloads run on Linux only. */
export const machinePlatform: Platform = {
  os: 'linux',
  architecture: architectures[process.arch] ?? process.arch,
};

export function suits({ os, architecture }: Platform): boolean {
  return os === machinePlatform.os && architecture === machinePlatform.architecture;
}

/** The image of an index for this machine; the only one, where it does not say what it is for. */
export function suitedManifest(manifests: readonly Descriptor[]): Descriptor | undefined {
  const suited = manifests.find(({ platform }) => platform !== undefined && suits(platform));
  const only = manifests.length === 1 && manifests[0]?.platform === undefined ? manifests[0] : undefined;
  return suited ?? only;
}

export function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
