import type { Platform } from '../repositories/manifest.ts';

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

export function platformName({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
