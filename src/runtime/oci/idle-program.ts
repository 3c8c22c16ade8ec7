import { findTool } from '../../lib/command.ts';
import { RuntimeError } from '../runtime.ts';
import type { OciMount } from './confinement.ts';

/** In a folder that is in no image, and is not kept. */
const inside = '/dev/init';

/** Waits for ever, and reaps what others have left; ends at SIGTERM. */
export const idleArguments: readonly string[] = [inside, '-P'];

/**
 * The program that idle workloads run. It must be linked statically, since it is mounted into any image.
 * @throws {RuntimeError} `unsupported` when it is not installed
 */
export async function findIdleProgram(): Promise<string> {
  const found = await findTool('catatonit');
  if (found !== undefined) return found;
  throw new RuntimeError(
    'unsupported',
    'sandboxes need the program catatonit, which is not installed on this server; see berth doctor',
  );
}

export function idleMount(program: string): OciMount {
  return {
    destination: inside,
    type: 'bind',
    source: program,
    options: ['bind', 'rprivate', 'ro', 'nosuid', 'nodev'],
  };
}
