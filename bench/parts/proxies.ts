import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Program } from './berth.ts';
import { freePort } from './free-port.ts';
import { call } from './http.ts';
import { pidOf, startProcess } from './process.ts';
import { workloadPort } from './programs.ts';
import { toolPath } from './tools.ts';
import { until } from './until.ts';

export interface RunningProxy {
  readonly pid: number;
  readonly url: string;
}

const haproxyTimes = 'timeout client 30s\n  timeout server 30s\n  timeout connect 5s';

/** What all proxies bring requests to: HAProxy that answers by itself, the cheapest server at hand. */
export async function smallAnswers(folder: string): Promise<Program> {
  const configuration = `
global
  nbthread 1
defaults
  mode http
  ${haproxyTimes}
frontend answers
  bind 0.0.0.0:${workloadPort}
  http-request return status 200 content-type text/plain string "a small answer\\n"
`;
  const directory = join(folder, 'answers');
  await mkdir(directory);
  await writeFile(join(directory, 'haproxy.cfg'), configuration);
  return {
    name: 'answers',
    command: [await toolPath('haproxy'), '-db', '-f', '/app/haproxy.cfg'],
    directory,
  };
}

/** HAProxy with one thread, as the others have; connections to the target are kept. */
export async function startHaproxy(
  cleanUp: AsyncDisposableStack,
  folder: string,
  target: string,
): Promise<RunningProxy> {
  const port = await freePort();
  const file = join(folder, 'proxy.cfg');
  const configuration = `
global
  nbthread 1
defaults
  mode http
  option forwardfor
  http-reuse always
  ${haproxyTimes}
listen proxy
  bind 127.0.0.1:${port}
  server target ${target}:${workloadPort}
`;
  await writeFile(file, configuration);
  const child = startProcess(cleanUp, await toolPath('haproxy'), ['-db', '-f', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await until('HAProxy', async () => {
    if (child.exitCode !== null) throw new Error('haproxy ended at once');
    return (await call({ host: '127.0.0.1', port }, '/').catch(() => undefined))?.status === 200;
  });
  return { pid: await pidOf(child), url: `http://127.0.0.1:${port}/` };
}

/** The package that most Node programs use for this; connections to the target are kept. */
export async function startHttpProxy3(cleanUp: AsyncDisposableStack, target: string): Promise<RunningProxy> {
  const program = join(import.meta.dirname, 'http-proxy-3.ts');
  const args = [program, `http://${target}:${workloadPort}`];
  const child = startProcess(cleanUp, process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('http-proxy-3 has no output');
  const [port] = await once(createInterface({ input: child.stdout }), 'line');
  return { pid: await pidOf(child), url: `http://127.0.0.1:${String(port)}/` };
}
