import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertRefused,
  type Echo,
  forEachRuntime,
  type SpawnResult,
  send,
  TestBackend,
} from './support/index.ts';

const reserved = [
  'PORT',
  'SESSION_BACKEND_ID',
  'SESSION_BACKEND_KEY',
  'SESSION_BACKEND_FENCING_TOKEN',
  'JAMSOCKET_SERVICE',
];

forEachRuntime('spawn', { runtimes: ['process'] }, world => {
  test('the answer has exactly the published fields', async () => {
    const service = await world.service('echo.js');
    const { id, result } = await world.spawn(service);
    const { url } = world.server;
    const publicUrl = `http://localhost:${new URL(url).port}`;
    assert.match(id, /^[a-z0-9]{16}$/);
    assert.deepEqual(result, {
      name: id,
      url: `http://${id}.localhost:${new URL(url).port}/`,
      ready_url: `${publicUrl}/backend/${id}/ready`,
      status_url: `${publicUrl}/backend/${id}/status`,
      status: 'Loading',
      spawned: true,
    });
  });

  test('URLs in the answer do not follow the request', async () => {
    const service = await world.service('echo.js');
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    };
    const path = `/user/admin/service/${service}/spawn`;
    assert.ok(!(await world.api(path, { headers, body: {} })).text.includes('evil'));
  });

  test('without a body and without fields it uses the defaults', async () => {
    const service = await world.service('echo.js');
    for (const path of [`/user/admin/service/${service}/spawn`, `/v1/user/admin/service/${service}/spawn`]) {
      for (const body of [undefined, '', '{}', {}]) {
        const answer = await world.api(path, { method: 'POST', ...(body !== undefined && { body }) });
        const result = answer.ok<SpawnResult>();
        assert.equal(result.spawned, true);
        await new TestBackend(world.server, result).terminate();
      }
    }
  });

  test('without a lock the key is made up, and fencing tokens rise', async () => {
    const service = await world.service('echo.js');
    const tokens: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const seen = await environmentOf(await world.spawn(service));
      assert.match(seen.SESSION_BACKEND_KEY ?? '', /^lk-[a-z0-9]{14}$/);
      tokens.push(Number(seen.SESSION_BACKEND_FENCING_TOKEN));
    }
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].sort((a, b) => a - b),
    );
  });

  test('a held lock is answered with its holder, whatever else the request asks for', async () => {
    const service = await world.service('echo.js');
    const first = await world.spawn(service, { lock: 'doc-held', env: { WHO: 'first' } });
    await first.reaches('Ready');
    const other = await world.service('silent.js');
    const fields = { env: { WHO: 'second' }, tag: 'x', grace_period_seconds: 0, require_bearer_token: true };
    for (const name of [service, other]) {
      const again = await world.spawn(name, { lock: 'doc-held', ...fields });
      assert.deepEqual(again.result, { ...first.result, spawned: false, status: 'Ready' });
    }
    assert.equal((await environmentOf(first)).WHO, 'first');
    assert.equal((await world.spawn(service, { lock: 'doc-other' })).result.spawned, true);
  });

  test('locks are compared as they are', async () => {
    const service = await world.service('silent.js');
    const locks = [
      'doc',
      'Doc',
      'doc ',
      ' doc',
      'dóc',
      'do\u0301c',
      '💥'.repeat(128),
      'x'.repeat(128),
      '../doc',
      "'",
    ];
    const made = await Promise.all(locks.map(lock => world.spawn(service, { lock })));
    assert.equal(new Set(made.map(({ id }) => id)).size, locks.length);
    assert.ok(made.every(({ result }) => result.spawned));
    await Promise.all(made.map(backend => backend.terminate({ hard: true })));
  });

  test('a lock is free when its holder has ended', async () => {
    const service = await world.service('echo.js');
    const first = await world.spawn(service, { lock: 'doc-free' });
    await first.reaches('Ready');
    await first.request('/exit?0').catch(() => {});
    await first.reaches('Exited');
    const second = await world.spawn(service, { lock: 'doc-free' });
    assert.equal(second.result.spawned, true);
    assert.notEqual(second.id, first.id);
    assert.equal((await environmentOf(second)).SESSION_BACKEND_KEY, 'doc-free');
  });

  test('of many who create one service at once, one succeeds', async () => {
    const body = { name: 'contended' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.api('/user/admin/service', { body })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [200, ...Array.from({ length: 19 }, () => 409)],
    );
  });

  test('a service that is deleted can be made again, and then is another', async () => {
    const service = await world.service('echo.js');
    const first = await world.spawn(service, { lock: 'doc-deleted' });
    (await world.api(`/user/admin/service/${service}/delete`, { method: 'POST' })).ok();
    assertRefused(await world.api(`/user/admin/service/${service}/spawn`, { body: {} }), 404, 'NotFound');
    await world.service('echo.js', { name: service });
    const second = await world.spawn(service, { lock: 'doc-deleted' });
    assert.notEqual(second.id, first.id);
    await first.reaches('Terminated');
    await second.reaches('Ready');
  });

  test('what is told of a service', async () => {
    const service = await world.service('echo.js');
    const path = `/user/admin/service/${service}`;
    const before = (await world.api(path)).ok<ServiceInfo>();
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
    assert.match(before.created_at, time);
    assert.deepEqual([before.name, before.account_name, before.last_spawned_at], [service, 'admin', null]);
    assert.equal(before.image_name, `localhost:${world.server.port}/admin/${service}`);
    assert.deepEqual(
      before.environments.map(({ name, image_tag, cluster }) => [name, image_tag, cluster]),
      [['default', 'latest', 'default']],
    );
    assert.equal(before.spawn_tokens_count, 0);
    await world.spawn(service, { service_environment: 'default' });
    const { last_spawned_at: spawnedAt, environments } = (await world.api(path)).ok<ServiceInfo>();
    assert.match(spawnedAt ?? '', time);
    assert.equal(environments[0]?.last_spawned_at, spawnedAt);
  });
});

forEachRuntime(
  'the lock of a backend that is ending',
  { settings: { 'jamsocket.stop_grace_seconds': 1.5 } },
  world => {
    test('is waited for: a new backend, never two at a time', async () => {
      const service = await world.service('stubborn.js');
      const first = await world.spawn(service, { lock: 'L' });
      await first.reaches('Ready');
      (await first.terminate()).ok();
      const askedAt = Date.now();
      const [second, third] = await Promise.all([
        world.spawn(service, { lock: 'L' }),
        world.spawn(service, { lock: 'L' }),
      ]);
      const waitedMs = Date.now() - askedAt;
      assert.ok(waitedMs > 1_000 && waitedMs < 15_000, `${waitedMs} ms`);
      assert.notEqual(second.id, first.id);
      assert.equal(second.id, third.id);
      assert.equal([second, third].filter(({ result }) => result.spawned).length, 1);
      const end = (await first.states()).at(-1);
      await second.reaches('Ready');
      const startedAt = Number((await second.request('/')).text);
      assert.ok(startedAt >= Date.parse(end?.time ?? ''), 'it started before the old one had ended');
    });

    test('is not waited for by a caller that has gone', async () => {
      const service = await world.service('stubborn.js');
      const first = await world.spawn(service, { lock: 'gone' });
      await first.reaches('Ready');
      (await first.terminate()).ok();
      const gone = new AbortController();
      const asking = world.api(`/user/admin/service/${service}/spawn`, {
        body: { lock: 'gone' },
        signal: gone.signal,
      });
      setTimeout(() => gone.abort(), 200);
      await assert.rejects(asking);
      await first.reaches('Terminated');
      const { running_backends: live } = (await world.api('/user/admin/backends')).ok<{
        running_backends: { lock?: string }[];
      }>();
      assert.deepEqual(
        live.filter(({ lock }) => lock === 'gone'),
        [],
      );
    });
  },
);

const impatient = { 'jamsocket.lock_wait_seconds': 0.5, 'jamsocket.stop_grace_seconds': 30 };
forEachRuntime('waiting for a lock', { runtimes: ['process'], settings: impatient }, world => {
  test('has a limit, after which it is busy', async () => {
    const service = await world.service('stubborn.js');
    const first = await world.spawn(service, { lock: 'L' });
    await first.reaches('Ready');
    (await first.terminate()).ok();
    const answer = await world.api(`/user/admin/service/${service}/spawn`, { body: { lock: 'L' } });
    assertRefused(answer, 503, 'LockBusy');
    assert.equal(answer.headers['retry-after'], '5');
  });
});

const limited = { 'jamsocket.max_backends_per_account': 3 };
forEachRuntime('the limit of backends', { runtimes: ['process'], settings: limited }, world => {
  test('holds for each account, however many spawn at once', async () => {
    const service = await world.service('silent.js');
    const path = `/user/admin/service/${service}/spawn`;
    const answers = await Promise.all(Array.from({ length: 10 }, () => world.api(path, { body: {} })));
    const refused = answers.filter(({ status }) => status !== 200);
    assert.equal(refused.length, 7);
    for (const answer of refused) assertRefused(answer, 429, 'UsageLimit');
    const made = answers.find(({ status }) => status === 200)?.ok<SpawnResult>();
    if (made === undefined) throw new Error('none was spawned');
    const backend = new TestBackend(world.server, made);
    await backend.terminate({ hard: true });
    await backend.reaches('Terminated');
    assert.equal((await world.api(path, { body: {} })).status, 200);
  });
});

const behindProxy = { public_url: 'https://berth.example.org', 'edge.domain': 'apps.example.org' };
forEachRuntime('a server behind a proxy', { runtimes: ['process'], settings: behindProxy }, world => {
  test('tells URLs of the proxy, and programs that clients use TLS', async () => {
    const service = await world.service('echo.js');
    const { id, result } = await world.spawn(service, { require_bearer_token: true });
    const token = result.bearer_token ?? '';
    assert.equal(result.url, `https://${id}.apps.example.org/`);
    assert.equal(result.status_url, `https://berth.example.org/backend/${id}/status`);
    assert.equal(result.ready_url, `https://berth.example.org/ready/${id}/${token}/`);
    const host = `${id}.apps.example.org`;
    const answer = await send(`${world.server.url}/${token}/x`, { headers: { host } });
    const { headers } = answer.ok<Echo>();
    assert.deepEqual([headers['x-forwarded-proto'], headers['x-forwarded-host']], ['https', host]);
    const link = await send(`${world.server.url}/_plane_auth?token=${token}`, { headers: { host } });
    assert.match(String(link.headers['set-cookie']), /; Secure/);
    const other = { headers: { host: `${id}.localhost` } };
    assert.equal((await send(`${world.server.url}/${token}/x`, other)).status, 404);
  });
});

forEachRuntime('the environment of a program', {}, world => {
  test('the program finds who it is in its environment, over what the caller and the service say', async () => {
    const lie = Object.fromEntries(reserved.map(name => [name, 'a lie']));
    const options = { env: { ...lie, BASE: 'service', BOTH: 'service' } };
    const service = await world.service('echo.js', options);
    const env = { ...lie, BOTH: 'spawn', OWN: 'ünï "quoted" $PATH\n\tline', EMPTY: '' };
    const backend = await world.spawn(service, { env, lock: 'a lock/with ünï' });
    const seen = await environmentOf(backend);
    assert.equal(seen.SESSION_BACKEND_ID, backend.id);
    assert.equal(seen.SESSION_BACKEND_KEY, 'a lock/with ünï');
    assert.equal(seen.JAMSOCKET_SERVICE, service);
    assert.match(seen.SESSION_BACKEND_FENCING_TOKEN ?? '', /^1\d{12}$/);
    assert.ok(Math.abs(Number(seen.SESSION_BACKEND_FENCING_TOKEN) - Date.now()) < 60_000);
    if (world.runtime === 'oci') assert.equal(seen.PORT, '8080');
    else assert.match(seen.PORT ?? '', /^\d+$/);
    assert.deepEqual([seen.BASE, seen.BOTH, seen.OWN, seen.EMPTY], ['service', 'spawn', env.OWN, '']);
  });

  test('nothing of the server is in the environment of a program', async () => {
    const seen = await environmentOf(await world.spawn(await world.service('echo.js')));
    assert.deepEqual(
      Object.keys(seen).filter(name => name.startsWith('BERTH_') || name.startsWith('NODE_')),
      [],
    );
    assert.ok(!JSON.stringify(seen).includes('administrator'));
  });

  test('an environment of the largest size arrives whole', async () => {
    const env = { A: 'x'.repeat(131_069), B: '€'.repeat(40_000) };
    const seen = await environmentOf(await world.spawn(await world.service('echo.js'), { env }));
    assert.equal(seen.A, env.A);
    assert.equal(seen.B, env.B);
  });
});

forEachRuntime('many at once', { runtimes: ['oci'] }, world => {
  test('of 200 who ask for one lock at once, one spawns and all get the same backend', async () => {
    const service = await world.service('echo.js');
    const made = await Promise.all(
      Array.from({ length: 200 }, () => world.spawn(service, { lock: 'doc-many' })),
    );
    assert.equal(made.filter(({ result }) => result.spawned).length, 1);
    assert.equal(new Set(made.map(({ id }) => id)).size, 1);
    await made[0]?.reaches('Ready');
  });

  test('50 locks at once are 50 ready backends', async () => {
    const service = await world.service('tiny.pl', { args: ['serve'] });
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, n) => world.spawn(service, { lock: `doc-${n}` })),
    );
    assert.equal(new Set(made.map(({ id }) => id)).size, 50);
    await Promise.all(
      made.map(async backend => {
        await backend.reaches('Ready', 60_000);
        assert.equal((await backend.request('/')).text, 'serve\n');
      }),
    );
    const { running_backends: live } = (await world.api('/user/admin/backends')).ok<{
      running_backends: { service_name: string; lock: string; status: string }[];
    }>();
    const mine = live.filter(({ service_name: name }) => name === service);
    assert.deepEqual(new Set(mine.map(({ lock }) => lock)), new Set(made.map((_, n) => `doc-${n}`)));
    assert.ok(mine.every(({ status }) => status === 'Ready'));
  });
});

interface ServiceInfo {
  readonly name: string;
  readonly account_name: string;
  readonly created_at: string;
  readonly last_spawned_at: string | null;
  readonly image_name: string;
  readonly environments: readonly {
    readonly name: string;
    readonly image_tag: string;
    readonly cluster: string;
    readonly last_spawned_at: string | null;
  }[];
  readonly spawn_tokens_count: number;
}

async function environmentOf(backend: TestBackend): Promise<Echo['env']> {
  return (await backend.request('/')).ok<Echo>().env;
}
