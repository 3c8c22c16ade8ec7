import { tmpdir } from 'node:os';
import { examineMachine } from '../../src/server/doctor/index.ts';

export type RuntimeName = 'process' | 'oci';

const checks = await examineMachine({ dataDir: tmpdir(), ociRuntime: 'runc' });
const missing = checks.filter(check => check.neededByOci && !check.ok);

/** Why a runtime can't work on this machine; undefined where it can. */
export function cannotRun(runtime: RuntimeName): string | undefined {
  if (runtime === 'process' || missing.length === 0) return undefined;
  return `this machine lacks ${missing.map(({ name, found }) => `${name} (${found})`).join(', ')}`;
}
