import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FileLogs } from '../../logs/index.ts';
import { RuntimeError, type RuntimeEvent, type WorkloadAddress } from '../runtime.ts';
import { Ports } from './ports.ts';
import { ProcessRuntime } from './process-runtime.ts';

const linux = { skip: process.platform === 'linux' ? false : 'needs /proc' };
const waitLimitMs = 10_000;

async function makeDataDir(t: TestContext): Promise<string> {
  const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'berth-process-')));
  t.after(() => rm(dataDir, { recursive: true }));
  return dataDir;
}

async function openRuntime(t: TestContext, dataDir: string) {
  const logs = new FileLogs({ root: join(dataDir, 'logs') });
  const runtime = new ProcessRuntime({ dataDir, logs });
  await runtime.open();
  t.after(() => runtime.close());
  const events = runtime.events(AbortSignal.timeout(waitLimitMs));
  const image = await runtime.prepare({ kind: 'host' });
  const create = (id: string, script: string): Promise<WorkloadAddress> =>
    runtime.create({ id, image, command: ['node', '-e', script], env: {}, limits: {} });
  const lines = async (id: string): Promise<string[]> => {
    const entries = await Array.fromAsync(logs.read(id, {}));
    return entries.map(entry => (entry.type === 'line' ? entry.text : 'gap'));
  };
  return { runtime, logs, events, create, lines };
}

async function firstOf(events: AsyncIterable<RuntimeEvent>): Promise<RuntimeEvent> {
  for await (const event of events) return event;
  throw new Error('no event came');
}

async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + waitLimitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await delay(10);
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a process that left the group, and holds the output, is ended too', linux, async t => {
  const { runtime, events, create, lines } = await openRuntime(t, await makeDataDir(t));
  const program = `
    const options = { detached: true, stdio: ['ignore', 'inherit', 'inherit'] };
    const child = require('child_process').spawn('sleep', ['1000'], options);
    console.log(child.pid);
    child.unref();
  `;
  await create('a', program);
  await runtime.start('a');
  assert.equal((await firstOf(events)).exitCode, 0);
  const [pid = ''] = await lines('a');
  await until('its end', () => !lives(Number(pid)));
});

test('the exit is told although a process that hides holds the output', async t => {
  const { runtime, events, create, lines } = await openRuntime(t, await makeDataDir(t));
  const program = `
    const options = { detached: true, stdio: ['ignore', 'inherit', 'inherit'], env: { PATH: process.env.PATH } };
    const child = require('child_process').spawn('sleep', ['1000'], options);
    console.log(child.pid);
    child.unref();
  `;
  await create('a', program);
  await runtime.start('a');
  assert.equal((await firstOf(events)).exitCode, 0);
  const [pid = ''] = await lines('a');
  process.kill(Number(pid), 'SIGKILL');
});

test(
  'after a restart a process that only has the number of one from before is left alone',
  linux,
  async t => {
    const dataDir = await makeDataDir(t);
    const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    t.after(() => stranger.kill('SIGKILL'));
    await once(stranger, 'spawn');
    const folder = join(dataDir, 'process', 'a');
    await mkdir(folder, { recursive: true });
    const record = {
      spec: {},
      address: {},
      phase: 'running',
      pid: stranger.pid,
      startTime: '1 another boot',
    };
    await writeFile(join(folder, 'workload.json'), JSON.stringify(record));

    const { runtime } = await openRuntime(t, dataDir);
    const [found] = await runtime.recover();
    assert.ok(found?.id === 'a' && found.state === 'exited' && found.exitCode === undefined);
    assert.equal(stranger.exitCode ?? stranger.signalCode, null);
    assert.ok(lives(stranger.pid ?? 0));
    const again = await openRuntime(t, dataDir);
    assert.deepEqual(await again.runtime.recover(), [found], 'it is told until it is removed');
  },
);

test('closing ends all programs, softly first, and their ends are known at the next start', async t => {
  const dataDir = await makeDataDir(t);
  const { runtime, create, lines } = await openRuntime(t, dataDir);
  const gentle =
    "process.on('SIGTERM', () => process.exit(7)); console.log('up'); setInterval(() => {}, 1000)";
  await create('a', gentle);
  await runtime.start('a');
  await until('the program', async () => (await lines('a')).includes('up'));
  await runtime.close();

  const [found] = await (await openRuntime(t, dataDir)).runtime.recover();
  assert.ok(found?.state === 'exited' && found.exitCode === 7);
});

test('an image can not be run, which is said', async t => {
  const { runtime } = await openRuntime(t, await makeDataDir(t));
  const image = { kind: 'repository', repository: 'hello', reference: 'latest' } as const;
  await assert.rejects(
    runtime.prepare(image),
    error => error instanceof RuntimeError && error.code === 'image-error',
  );
});

test('a leased port can not be taken before its program starts', async t => {
  const ports = new Ports('127.0.0.1');
  const lease = await ports.lease();
  t.after(() => ports.release(lease.port));
  const listen = async (): Promise<void> => {
    const server = createServer();
    server.listen(lease.port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  };
  await assert.rejects(listen(), { code: 'EADDRINUSE' });
  await lease.handOver();
  await listen();
});
