import { join } from 'node:path';
import { FileLogs } from '../../logs/index.ts';
import type { MakeRuntime } from '../conformance.ts';
import { ProcessRuntime } from './process-runtime.ts';

export const makeRuntime: MakeRuntime = async dataDir => {
  const logs = new FileLogs({ root: join(dataDir, 'logs') });
  return { logs, runtime: new ProcessRuntime({ dataDir, logs }) };
};
