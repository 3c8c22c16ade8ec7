import type { Duplex } from 'node:stream';
import { PosixFiles, rootActor } from '../../engine/index.ts';
import type { SshTarget } from '../../network/index.ts';
import { looksInside, type Runtime, showsFiles } from '../../runtime/runtime.ts';

const connectTimeoutMs = 10_000;

/** A workload as a machine that people reach by SSH; in all that they do there they are root. */
export function workloadTarget(runtime: Runtime, id: string, home: string): SshTarget {
  return {
    addresses: [],
    home,
    start: ({ command, env, tty }) => runtime.exec(id, { command, env, user: 'root', ...(tty && { tty }) }),
    connect(port, signal): Promise<Duplex> {
      if (!looksInside(runtime)) throw new Error(`the ${runtime.name} runtime does not reach ports inside`);
      return runtime.connect(id, { host: 'localhost', port, timeoutMs: connectTimeoutMs, signal });
    },
    async files() {
      if (!showsFiles(runtime)) throw new Error(`the ${runtime.name} runtime does not reach files inside`);
      return new PosixFiles(await runtime.rootPath(id), rootActor);
    },
  };
}
