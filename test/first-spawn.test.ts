import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  berthProgram,
  cannotRun,
  type RuntimeName,
  type SpawnResult,
  TestBackend,
  TestServer,
  within,
} from './support/index.ts';

for (const runtime of ['oci', 'process'] as const satisfies RuntimeName[]) {
  const options = { skip: cannotRun(runtime) ?? false, timeout: 180_000 };

  test(`an empty data directory, one spawn, one page (${runtime})`, options, async t => {
    const server = await TestServer.start({ runtime, examples: true, fixedToken: false });
    t.after(() => server.destroy());
    assert.deepEqual(server.stdout, [`berth is ready at ${server.url}`]);
    const banner = server.stderr.join('\n');
    assert.match(banner, new RegExp(`runtime: ${runtime} \\(.+\\)`));
    assert.match(banner, /example: service hello/);
    if (runtime === 'process') assert.match(banner, /better: /);

    const tokenFile = join(server.dataDir, 'admin-token');
    assert.equal((await stat(tokenFile)).mode & 0o777, 0o600);
    assert.equal((await readFile(tokenFile, 'utf8')).trim(), server.token);
    assert.ok(!banner.includes(server.token), 'the token is in the output');

    const spawned = await server.api('/user/admin/service/hello/spawn', { method: 'POST' });
    const backend = new TestBackend(server, spawned.ok<SpawnResult>());
    assert.equal(backend.result.status, 'Loading');
    const plain = await backend.request('/');
    assert.equal(plain.status, 200);
    assert.match(plain.text, new RegExp(`^Hello from a backend of your own\\..*${backend.id}`, 's'));
    const page = await backend.request('/', { headers: { accept: 'text/html' } });
    assert.match(String(page.headers['content-type']), /^text\/html/);
    assert.match(page.text, /<h1>Hello from a backend of your own<\/h1>/);
    assert.equal((await backend.status()).state, 'Ready');
  });

  test(`SIGTERM drains what is under way and ends with code 0 (${runtime})`, options, async t => {
    const server = await TestServer.start({ runtime, examples: true });
    t.after(() => server.destroy());
    const spawned = await server.api('/user/admin/service/hello/spawn', { method: 'POST' });
    const backend = new TestBackend(server, spawned.ok<SpawnResult>());
    await backend.reaches('Ready');
    await server.stop();
    await assert.rejects(server.api('/healthz'), { code: 'ECONNREFUSED' });

    await server.start();
    assert.deepEqual((await server.api('/user/admin/services')).ok(), { services: ['hello'] });
    const { state } = await backend.status();
    if (runtime === 'oci') {
      assert.equal(state, 'Ready', 'workloads go on');
      assert.match((await backend.request('/')).text, /^Hello/);
    } else {
      assert.equal(state, 'Terminated');
    }
  });
}

test('an example that was deleted is not made again', { timeout: 180_000 }, async t => {
  const server = await TestServer.start({ runtime: 'process', examples: true });
  t.after(() => server.destroy());
  (await server.api('/user/admin/service', { body: { name: 'mine' } })).ok();
  (await server.api('/user/admin/service/hello/delete', { method: 'POST' })).ok();
  await server.restart();
  assert.deepEqual((await server.api('/user/admin/services')).ok(), { services: ['mine'] });
});

test('it tells whether it is up and well, and its figures', { timeout: 180_000 }, async t => {
  const server = await TestServer.start({ runtime: 'process' });
  t.after(() => server.destroy());
  assert.equal((await server.api('/healthz', { token: null })).ok().status, 'ok');
  assert.equal((await server.api('/readyz', { token: null })).ok().status, 'ok');
  const metrics = await server.api('/metrics', { token: null });
  assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(metrics.text, /^berth_workloads_live 0$/m);
  assert.deepEqual((await server.api('/user/admin/services')).ok(), { services: [] }, 'without --examples');
  const document = (await server.api('/openapi.json', { token: null })).ok<{ paths: object }>();
  assert.ok('/user/{account}/service/{service}/spawn' in document.paths);
});

test('two servers use neither one data directory nor one port', { timeout: 180_000 }, async t => {
  const server = await TestServer.start({ runtime: 'process' });
  t.after(() => server.destroy());
  const { code, stderr } = await up(server.dataDir, {});
  assert.equal(code, 1);
  assert.match(stderr, /use|lock|another|running/i);
  assert.doesNotMatch(stderr, /^ +at /m, 'a stack');
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-test-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  const other = await up(dataDir, { BERTH_PORT: String(server.port) });
  assert.equal(other.code, 1);
  assert.match(other.stderr, new RegExp(`port ${server.port} .*taken.*--port`));
  assert.equal((await server.api('/readyz')).status, 200);
});

test("a server that can't start says why and ends with code 1", { timeout: 180_000 }, async t => {
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-test-'));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  for (const [variables, expected] of [
    [{ BERTH_RUNTIME: 'docker' }, /docker/],
    [{ BERTH_RUNTIME: 'nonsense' }, /runtime.*nonsense/],
    [{ BERTH_PORT: '70000' }, /port.*70000/],
    [{ BERTH_HOST: '0.0.0.0' }, /insecure/],
    [{ BERTH_HOST: '192.0.2.1', BERTH_INSECURE: 'true' }, /192\.0\.2\.1/],
    [{ BERTH_ADMIN_TOKEN: 'without-a-dot' }, /admin_token|BERTH_ADMIN_TOKEN/],
    [{ BERTH_JAMSOCKET_GRACE_SECONDS: 'soon' }, /grace_seconds.*soon|soon.*grace_seconds/i],
  ] as const) {
    const { code, stdout, stderr } = await up(dataDir, variables);
    assert.notEqual(code, 0, JSON.stringify(variables));
    assert.match(stderr, expected);
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /^ +at /m, 'a stack');
  }
});

/** Runs `berth up` until it ends by itself. */
async function up(dataDir: string, variables: Readonly<Record<string, string>>) {
  const child = spawn(berthProgram, ['up', '--data-dir', dataDir], {
    env: { PATH: process.env.PATH, BERTH_RUNTIME: 'process', BERTH_PORT: '0', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', chunk => {
      output[name] += chunk as unknown as string;
    });
  }
  try {
    await within('its end', once(child, 'close'));
    return { code: child.exitCode, ...output };
  } finally {
    child.kill('SIGKILL');
  }
}
