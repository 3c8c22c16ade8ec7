import type { Check } from './check.ts';
import { checkDisk, checkDocker, checkNode, checkSystem } from './host.ts';
import { checkKernel } from './kernel.ts';
import { checkOciRuntime, checkPrograms } from './programs.ts';

export interface ExamineOptions {
  readonly dataDir: string;
  /** The setting `oci.runtime`. */
  readonly ociRuntime: string;
  /** Where programs are looked for, besides the system's folders. */
  readonly path?: string;
}

/** Looks at everything that Berth uses of this machine; changes nothing. */
export async function examineMachine(options: ExamineOptions): Promise<Check[]> {
  const { dataDir, ociRuntime, path = process.env.PATH ?? '' } = options;
  const [kernel, programs, runtime, disk, docker] = await Promise.all([
    process.platform === 'linux' ? checkKernel() : [],
    checkPrograms(path),
    checkOciRuntime(ociRuntime, path),
    checkDisk(dataDir),
    checkDocker(),
  ]);
  return [checkNode(), checkSystem(), ...kernel, runtime, ...programs, disk, docker];
}
