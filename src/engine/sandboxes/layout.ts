import type { WorkloadAccount } from '../../runtime/runtime.ts';
import type { Sandbox, WorkloadPlan } from '../../store/store.ts';
import type { VolumeReference, Volumes } from '../../volumes/volumes.ts';
import { limitsOf } from './allowances.ts';
import type { SandboxLimits } from './limits.ts';
import { grantedPrivileges } from './privileges.ts';

/** What the files of a sandbox look like to what runs in it. */
export interface SandboxLayout {
  /** Whom everything in it runs as. */
  readonly account: WorkloadAccount;
  /** Where it finds what the server tells it (logs, policies); it can only read there. */
  readonly privateFolder: string;
}

/** The folder that a sandbox finds as its private one. */
export function privateVolume(sandboxId: string): VolumeReference {
  return { owner: { kind: 'sandbox', id: sandboxId }, path: 'private' };
}

/** Below the private folder. */
const checkpointsFolder = 'checkpoints';

/** Makes what has to be there before anything is mounted into a sandbox. */
export async function preparePrivateFolder(volumes: Volumes, sandboxId: string): Promise<void> {
  const { owner, path } = privateVolume(sandboxId);
  await using _ = await volumes.open({ owner, path: `${path}/${checkpointsFolder}` });
}

/** Where programs are looked for in images that do not say; it begins with what the host base brings. */
export const standardPath = '/opt/berth/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a boot of a sandbox runs: nothing by itself; everything in it comes through exec. */
export function planBoot(
  sandbox: Sandbox,
  layout: SandboxLayout,
  { allowPrivileged }: Pick<SandboxLimits, 'allowPrivileged'>,
): WorkloadPlan {
  const { environment, memory, privileges } = sandbox.settings;
  const { name, home } = layout.account;
  return {
    image: sandbox.image,
    idle: true,
    root: sandbox.id,
    account: layout.account,
    env: { HOME: home, USER: name, LANG: 'C.UTF-8', ...environment },
    limits: limitsOf(sandbox.settings, memory),
    ...(privileges && { privileges: grantedPrivileges(privileges, allowPrivileged) }),
    mounts: [{ volume: privateVolume(sandbox.id), target: layout.privateFolder, readonly: true }],
    checkpointsAt: `${layout.privateFolder}/${checkpointsFolder}`,
  };
}

/** A folder that a request names: absolute, or relative to the home folder. */
export function absoluteIn(home: string, directory: string): string {
  if (directory === '') return home;
  return directory.startsWith('/') ? directory : `${home}/${directory}`;
}
