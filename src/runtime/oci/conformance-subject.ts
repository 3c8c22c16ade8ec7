import { join } from 'node:path';
import { ImageStore } from '../../images/index.ts';
import { FileLogs } from '../../logs/index.ts';
import { Network } from '../../network/index.ts';
import type { MakeRuntime } from '../conformance.ts';
import { OciRuntime } from './oci-runtime.ts';

export const makeRuntime: MakeRuntime = async dataDir => {
  const logs = new FileLogs({ root: join(dataDir, 'logs') });
  const network = new Network({ dataDir });
  return { logs, runtime: new OciRuntime({ dataDir, logs, network, images: new ImageStore({ dataDir }) }) };
};
