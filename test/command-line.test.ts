import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';

const berth = join(import.meta.dirname, '../bin/berth');
const limitMs = 30_000;

interface Server {
  readonly url: string;
  readonly child: ChildProcess;
  readonly stdout: readonly string[];
  readonly ended: Promise<number | null>;
}

async function up(t: TestContext, dataDir: string): Promise<Server> {
  const args = ['up', '--port', '0', '--data-dir', dataDir, '--runtime', 'process', '--examples'];
  const child = spawn(berth, args, { cwd: dataDir, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const stdout: string[] = [];
  const stderr: string[] = [];
  createInterface({ input: child.stderr }).on('line', line => stderr.push(line));
  const lines = createInterface({ input: child.stdout }).on('line', line => stdout.push(line));
  await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(limitMs) }), ended]);
  const url = /^berth is ready at (http:\/\/127\.0\.0\.1:\d+)$/.exec(stdout[0] ?? '')?.[1];
  assert.ok(url, `no ready line: ${[...stdout, ...stderr].join('\n')}`);
  return { url, child, stdout, ended };
}

async function world(t: TestContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-cli-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await up(t, dataDir);
  const env = { PATH: process.env.PATH, BERTH_URL: server.url, BERTH_DATA_DIR: dataDir };
  const run = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>(done => {
      const child = execFile(berth, args, { env, timeout: limitMs }, (_, stdout, stderr) => {
        done({ code: child.exitCode ?? -1, stdout: stdout.trimEnd(), stderr });
      });
    });
  return { server, run };
}

test('the example is spawned, reached, followed and ended from the command line', {
  timeout: 60_000,
}, async t => {
  const { server, run } = await world(t);
  assert.equal((await run('service', 'list')).stdout, 'SERVICE\nhello');

  const spawned = await run('spawn', 'hello', '--lock', 'doc-1', '--env', 'GREETING=Ahoy');
  assert.equal(spawned.code, 0, spawned.stderr);
  const { host } = new URL(spawned.stdout);
  const id = host.split('.')[0] ?? '';
  const page = await requestAs(host, server.url);
  assert.match(page, /^Ahoy from a backend of your own/);
  assert.match(page, /key +doc-1/);
  assert.equal((await run('spawn', 'hello', '--lock', 'doc-1')).stdout, spawned.stdout);

  const list = JSON.parse((await run('backend', 'list', '--json')).stdout);
  assert.deepEqual([list.backends[0].name, list.backends[0].lock, list.backends.length], [id, 'doc-1', 1]);
  assert.match((await run('backend', 'logs', id, '--no-follow')).stdout, /^listening on port \d+\nGET \/$/);

  const following = run('backend', 'logs', id);
  assert.equal((await run('backend', 'terminate', id)).stdout, `${id} is ending`);
  assert.match((await following).stdout, /asked to end$/);
  assert.match((await run('backend', 'status', id)).stdout, /Terminated$/);
  assert.equal((await run('backend', 'terminate', id)).code, 1);
});

test('a token works until it is revoked', { timeout: 60_000 }, async t => {
  const { server, run } = await world(t);
  const token = (await run('token', 'create', '--label', 'ci')).stdout;
  const ask = async () => {
    const signal = AbortSignal.timeout(limitMs);
    return (await fetch(`${server.url}/auth`, { headers: { authorization: `Bearer ${token}` }, signal }))
      .status;
  };
  assert.equal(await ask(), 200);
  const { tokens } = JSON.parse((await run('token', 'list', '--json')).stdout);
  const { id } = tokens.find((one: { label: string }) => one.label === 'ci');
  assert.equal((await run('token', 'revoke', id)).code, 0);
  assert.equal(await ask(), 401);
});

test('SIGTERM ends the server with code 0 after exactly one line on stdout', { timeout: 60_000 }, async t => {
  const { server } = await world(t);
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
  assert.equal(server.stdout.length, 1);
});

/** Asks for `/` of a workload's host without needing its name to resolve. */
async function requestAs(host: string, url: string): Promise<string> {
  const answer = request(url, { headers: { host }, signal: AbortSignal.timeout(limitMs) }).end();
  const [response] = await once(answer, 'response');
  return (await response.toArray()).join('');
}
