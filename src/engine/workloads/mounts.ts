import { RuntimeError, type WorkloadMount } from '../../runtime/runtime.ts';
import type { PlannedMount } from '../../store/store.ts';
import { VolumeError, type Volumes } from '../../volumes/volumes.ts';

/** What a workload is made with; the folders are held until it is made. */
export interface OpenMounts extends AsyncDisposable {
  readonly mounts: readonly WorkloadMount[];
  /** Variables that tell the program where it finds them. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Opens the folders that a workload is to have.
 * @param bound whether the runtime binds them at their targets
 * @throws {RuntimeError} `start-error`
 */
export async function openMounts(
  planned: readonly PlannedMount[],
  volumes: Volumes,
  { bound }: { bound: boolean },
): Promise<OpenMounts> {
  await using opened = new AsyncDisposableStack();
  const mounts: WorkloadMount[] = [];
  const env: Record<string, string> = {};
  for (const { volume, target, readonly, variable } of planned) {
    const { path, pinnedPath } = opened.use(await volumes.open(volume).catch(asStartError));
    mounts.push({ source: path, pinned: pinnedPath, target, readonly, handOver: !readonly });
    if (variable !== undefined) env[variable] = bound ? target : path;
  }
  const held = opened.move();
  return { mounts, env, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

function asStartError(error: unknown): never {
  if (error instanceof VolumeError) throw new RuntimeError('start-error', error.message, { cause: error });
  throw error;
}
