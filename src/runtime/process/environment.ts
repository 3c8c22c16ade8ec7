import { dirname } from 'node:path';
import type { WorkloadAddress, WorkloadSpec } from '../runtime.ts';
import type { WorkloadFolder } from './workload-folder.ts';

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** All that a program sees: nothing of the server's own environment, which may hold secrets, but its PATH. */
export function programEnvironment(
  spec: WorkloadSpec,
  { folder, address, home }: { folder: WorkloadFolder; address: WorkloadAddress; home: string },
): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? systemPath}`,
    LANG: 'C.UTF-8',
    HOME: home,
    TMPDIR: folder.temporary,
    ...spec.image.config.env,
    ...spec.env,
    // Where the home of its account is on this machine.
    ...(spec.env.HOME !== undefined && spec.env.HOME === spec.account?.home && { HOME: home }),
    PORT: String(address.port),
  };
}
