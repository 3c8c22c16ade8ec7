import type { ImageStore } from '../../images/index.ts';
import { type Endpoint, workloadResolver } from '../../network/index.ts';
import type { WorkloadSpec } from '../runtime.ts';
import { makeAccount } from './account-files.ts';
import type { Bundle, BundleRecord } from './bundle.ts';
import type { Cgroups } from './cgroups.ts';
import { checkedDirectory } from './checks.ts';
import {
  accountOf,
  type ContainerParts,
  containerConfig,
  privateFiles,
  workloadPort,
  workloadUser,
} from './container-config.ts';
import { findDevices } from './devices.ts';
import { findIdleProgram } from './idle-program.ts';
import type { Kernel } from './kernel.ts';
import { ociLimits } from './limits.ts';
import { LowerFolders } from './lower-folders.ts';
import { folderUser, handOverFolders } from './mounted-folders.ts';
import type { OciRoots } from './oci-roots.ts';

export interface BundleParts {
  readonly images: ImageStore;
  readonly roots: OciRoots;
  readonly cgroups: Cgroups;
  readonly kernel: Kernel;
  /** Processes and threads of a workload that names no limit. */
  readonly defaultPids?: number;
}

export interface PreparedBundle extends AsyncDisposable {
  readonly record: BundleRecord;
}

/**
 * Makes everything of a workload that the OCI runtime needs to find. Dispose of the result when the container is
 * made.
 * @throws {RuntimeError}
 */
export async function prepareBundle(
  parts: BundleParts,
  spec: WorkloadSpec,
  bundle: Bundle,
  endpoint: Endpoint,
): Promise<PreparedBundle> {
  const record = bundleRecord(spec, endpoint);
  const root = spec.root === undefined ? undefined : await parts.roots.claim(spec.root, spec.image);
  const writable = root?.layer ?? bundle;
  const lower = new LowerFolders(spec.image.layers, bundle, writable);
  const dispose = async () => {
    await lower[Symbol.asyncDispose]();
    root?.release();
  };
  try {
    const containerParts = {
      ...(await readParts(parts, spec, endpoint)),
      bundle,
      writable,
      ...(root && { checkpoints: root.checkpoints }),
      lowerFolders: lower.paths,
    };
    await handOverFolders(spec.mounts ?? [], workloadUser(containerParts));
    await bundle.make(record, containerConfig(containerParts), privateFiles(containerParts));
    await lower.make();
    const account = accountOf(spec);
    if (account !== undefined) {
      const layers = { upper: writable.upper, lower: spec.image.layers, scratch: writable.folder };
      await makeAccount(layers, account);
    }
    return { record, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function readParts(
  { images, cgroups, kernel, defaultPids = ociLimits.defaultPids }: BundleParts,
  spec: WorkloadSpec,
  endpoint: Endpoint,
): Promise<Omit<ContainerParts, 'bundle' | 'lowerFolders' | 'writable'>> {
  const [devices, mounts, resolver, user, directory, idleProgram] = await Promise.all([
    findDevices(spec.privileges?.devices ?? []),
    images.mounts(spec.image.reference),
    workloadResolver(),
    folderUser(spec.mounts ?? []),
    spec.directory && checkedDirectory(spec.directory),
    spec.idle && findIdleProgram(),
  ]);
  return {
    ...(user && { folderUser: user }),
    ...(idleProgram && { idleProgram }),
    spec: { ...spec, ...(directory && { directory }) },
    endpoint,
    mounts,
    resolver,
    kernel,
    devices,
    cgroupsPath: cgroups.path(spec.id),
    limitsSwap: cgroups.limitsSwap,
    defaultPids,
  };
}

function bundleRecord(spec: WorkloadSpec, endpoint: Endpoint): BundleRecord {
  const { cpuTimeSeconds } = spec.limits;
  return {
    address: { host: endpoint.address, port: workloadPort },
    namespace: endpoint.name,
    layers: spec.image.layers,
    ...(spec.image.digest !== undefined && { imageDigest: spec.image.digest }),
    ...(cpuTimeSeconds !== undefined && { cpuTimeSeconds }),
    ...(spec.mounts?.some(({ pinned }) => pinned !== undefined) && { hasPinned: true }),
    ...(spec.root !== undefined && { root: spec.root }),
    ...(spec.image.config.stopSignal !== 'SIGTERM' && { stopSignal: spec.image.config.stopSignal }),
  };
}
