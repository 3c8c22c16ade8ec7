import { openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { call } from './http.ts';
import { pidOf, startProcess } from './process.ts';
import { temporaryFolder } from './temporary.ts';
import { toolPath } from './tools.ts';
import { until } from './until.ts';

export interface RunningRegistry {
  readonly pid: number;
  /** `host:port`, as it stands before the names of images. */
  readonly host: string;
}

/** Docker's own registry, with its content in a folder of its own. @throws {NotHere} */
export async function startDockerRegistry(cleanUp: AsyncDisposableStack): Promise<RunningRegistry> {
  const program = await toolPath('docker-registry');
  const folder = await temporaryFolder(cleanUp);
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const settings = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'content') } },
    http: { addr: host },
  };
  const file = join(folder, 'config.yml');
  await writeFile(file, JSON.stringify(settings)); // JSON is YAML
  const log = openSync(join(folder, 'log'), 'w');
  const child = startProcess(cleanUp, program, ['serve', file], { stdio: ['ignore', log, log] });
  await until('the registry of Docker', async () => {
    if (child.exitCode !== null) throw new Error('docker-registry ended at once');
    return (await call({ host: '127.0.0.1', port }, '/v2/').catch(() => undefined))?.status === 200;
  });
  return { pid: await pidOf(child), host };
}
