import type { ImageStore } from '../images/index.ts';
import { BerthError } from '../lib/errors.ts';
import type { Logs } from '../logs/index.ts';
import { Network } from '../network/index.ts';
import { OciRuntime } from '../runtime/oci/index.ts';
import { ProcessRuntime } from '../runtime/process/index.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { chooseRuntime, examineMachine, type RuntimeChoice } from './doctor/index.ts';
import type { Settings } from './settings/index.ts';

const warmUpTimeoutMs = 60_000;

export interface OpenedRuntime {
  readonly runtime: Runtime;
  /** Which runtime, why, and how to get a better one. */
  readonly banner: string[];
}

/**
 * Chooses a runtime by the settings and by what this machine can do, and opens it.
 * @throws {BerthError} `unsupported` when the one that was asked for does not exist
 */
export async function openRuntime(
  settings: Settings,
  logs: Logs,
  images: ImageStore,
): Promise<OpenedRuntime> {
  const checks = await examineMachine({ dataDir: settings.dataDir, ociRuntime: settings.oci.runtime });
  const choice = chooseRuntime(settings.runtime, checks);
  const runtime = makeRuntime(choice, settings, logs, images);
  await openOrClose(runtime);
  warmUp(runtime);
  const banner = [`runtime: ${choice.runtime} (${choice.why})`];
  if (choice.better !== undefined) banner.push(`better:  ${choice.better}`);
  return { runtime, banner };
}

/** So that the first spawn does not wait for the base; what fails here is told by that spawn. */
function warmUp(runtime: Runtime): void {
  runtime.prepare({ kind: 'host' }, { signal: AbortSignal.timeout(warmUpTimeoutMs) }).catch(() => {});
}

async function openOrClose(runtime: Runtime): Promise<void> {
  try {
    await runtime.open();
  } catch (error) {
    await runtime.close().catch(() => {});
    throw error;
  }
}

function makeRuntime(
  { runtime }: RuntimeChoice,
  settings: Settings,
  logs: Logs,
  images: ImageStore,
): Runtime {
  const { dataDir } = settings;
  switch (runtime) {
    case 'oci':
      return new OciRuntime({
        dataDir,
        logs,
        images,
        network: new Network({
          dataDir,
          poolSize: settings.network.poolSize,
          ...(settings.network.subnet !== undefined && { subnet: settings.network.subnet }),
        }),
        ociRuntime: settings.oci.runtime,
      });
    case 'process':
      return new ProcessRuntime({ dataDir, logs });
    case 'docker':
      throw new BerthError('unsupported', 'runtime: docker is not part of this version; use oci or process');
  }
}
