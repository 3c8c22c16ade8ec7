import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, forEachRuntime } from '../support/index.ts';
import { serveRepository } from './git-server.ts';
import {
  assertRefused,
  busyText,
  deploy,
  newPerson,
  newType,
  nobody,
  Person,
  publicKey,
  timestampPattern,
  unlimited,
} from './support.ts';

forEachRuntime('workspaces', { settings: unlimited }, world => {
  const admin = new Person(world);
  world.atEnd(async () => assert.deepEqual(world.server.faults, []));

  test('one is started, described until it is ready, and terminated', async () => {
    const type = newType();
    const deployment = await deploy(world, { type });
    const answer = await admin.api(`/new/${deployment.toUpperCase()}`, {
      method: 'POST',
      headers: { 'content-type': '' },
      body: '{"reserve": false}',
    });
    const { success, id, sshkey, ...rest } = answer.ok<{ success: boolean; id: string; sshkey: string }>();
    assert.deepEqual([success, rest], [true, {}]);
    assert.match(sshkey, /^-----BEGIN RSA PRIVATE KEY-----\n/);
    assert.equal(createPrivateKey(sshkey).asymmetricKeyDetails?.modulusLength, 3072);
    assert.equal((await world.api(`/queuelen/${deployment}`, { token: null })).ok().len, 1);

    const shape = await admin.reaches(id, 'READY');
    assert.match(shape.starttime, timestampPattern);
    const { wdinfo, starttime: _, fwd, hostkeys, ...described } = shape;
    assert.ok(Number.isInteger((fwd as { port: number }).port));
    assert.match((hostkeys as string[])[0] ?? '', /^ecdsa-sha2-nistp256 \S+$/);
    assert.deepEqual(described, {
      id,
      deployment,
      type,
      region: 'here:1',
      status: 'READY',
      rootuser: 'admin',
    });
    assert.equal((wdinfo as { instance: string }).instance, id);
    assert.deepEqual((await admin.api(`/instance/${id}/sshkey`)).ok(), { key: sshkey });

    const terminated = await admin.terminate(id);
    assert.deepEqual([terminated.status, terminated.text], [200, '']);
    const ended = await admin.reaches(id, 'TERMINATED');
    assert.match(String(ended.endtime), timestampPattern);
    assertRefused(await admin.terminate(id), 400, 'instance already terminated');
    const text = 'instance already terminated';
    assert.equal((await admin.terminate(id)).json().result_message, text);
    assertRefused(await admin.api(`/instance/${id}/sshkey`), 400, text);
    const { queuelen, icounter } = (await admin.api(`/deployment/${deployment}`)).ok();
    assert.deepEqual([queuelen, icounter], [0, 1]);
  });

  test('a busy deployment is refused, by its id, in a list, and by its type', async () => {
    const type = newType();
    const deployment = await deploy(world, { type });
    const id = await admin.start(deployment);
    for (const [path, body] of [
      [`/new/${deployment}`, {}],
      [`/new/${type}`, { reserve: false }],
      ['/new', { wds: [deployment] }],
    ] as const) {
      const answer = await admin.api(path, { body });
      assertRefused(answer, 503, busyText);
      assert.deepEqual([answer.json().result_message, answer.json().error], [busyText, busyText]);
    }
    // With one of theirs, which will do.
    await admin.reaches(id, 'READY');
    assert.deepEqual((await admin.ask(type, { allow_noop: true })).ok(), { success: true, id });
    assert.deepEqual((await admin.api('/new', { body: { wds: [deployment], allow_noop: true } })).ok(), {
      success: true,
      id,
    });
    assertRefused(await admin.api(`/instance/${id}/sshkey`), 404, 'no secret SSH key available');
  });

  test('of many who ask at once one gets it', async () => {
    const deployment = await deploy(world);
    const asked = await Promise.all(
      Array.from({ length: 20 }, () => admin.ask(deployment, { sshkey: publicKey })),
    );
    assert.deepEqual(
      asked.map(({ status }) => status).sort((a, b) => a - b),
      [200, ...Array<number>(19).fill(503)],
    );
  });

  test('a launch can be cancelled, and is over then', async () => {
    const deployment = await deploy(world);
    const id = await admin.start(deployment);
    assert.equal((await admin.terminate(id)).status, 200);
    await admin.reaches(id, 'TERMINATED');
    assert.equal((await admin.api(`/deployment/${deployment}`)).ok().icounter, 1);
    await admin.start(deployment);
  });

  // Only there it reaches a server on this machine.
  if (world.runtime === 'process') {
    test('brings a repository, whose program is run before it is ready', async t => {
      const folder = await mkdtemp(join(tmpdir(), 'berth-repo-'));
      t.after(() => rm(folder, { recursive: true }));
      const url = await serveRepository(t, { 'run.sh': 'pwd > "$1"\n' });
      const path = `sh run.sh ${folder}/$REROBOTS_INSTANCE`;
      const id = await admin.start(await deploy(world), { repo: { url, path } });
      await admin.reaches(id, 'READY');
      assert.match(await readFile(join(folder, id), 'utf8'), /\/m\n$/);
      const failed = await admin.start(await deploy(world), { repo: { url, path: 'exit 3' } });
      await admin.reaches(failed, 'INIT_FAIL');
    });
  }

  test('one that was asked for for some time ends with it', async () => {
    const id = await admin.start(await deploy(world), { expire_d: 3 });
    const { starttime, expires } = await admin.instance(id);
    const ms = (text: unknown) => Date.parse(`${String(text).replace(' ', 'T').slice(0, 23)}Z`);
    assert.equal(ms(expires) - ms(starttime), 3_000);
    const { endtime } = await admin.reaches(id, 'TERMINATED');
    assert.ok(ms(endtime) >= ms(expires));
  });

  test('one with a keep-alive lives by pings, and no other is watched', async () => {
    const plain = await admin.start(await deploy(world));
    const ping = (id: string) =>
      admin.api(`/instance/${id}/ka`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': '0' },
      });
    assertRefused(await ping(plain), 404, 'no keep-alive monitor for this instance');
    const kept = await admin.start(await deploy(world), { keepalive: true });
    const answer = await ping(kept);
    assert.deepEqual([answer.status, answer.text], [200, '']);
    const bare = await world.api(`/instance/${kept}/ka`, {
      method: 'POST',
      token: null,
      headers: { authorization: 'Bearer' },
    });
    assertRefused(bare, 400, 'wrong authorization token');
  });

  test('instances are listed as they are asked for', async () => {
    const person = await newPerson(world, `lists-${world.runtime}`);
    const [type, other] = [newType(), newType()];
    const first = await person.start(await deploy(world, { type }));
    const deployment = await deploy(world, { type: other });
    const second = await person.start(deployment);
    const third = await person.start(await deploy(world, { type }), {
      repo: { url: 'http://127.0.0.1:1/nothing.git' },
    });
    await person.reaches(third, 'INIT_FAIL');
    await person.reaches(second, 'READY');
    await person.terminate(second);
    await person.reaches(second, 'TERMINATED');
    const ids = async (query: string) => {
      const list = (await person.api(`/instances${query}`)).ok<{
        workspace_instances: string[];
        workspace_deployments: string[];
        page_count: number;
      }>();
      assert.equal(list.workspace_deployments.length, list.workspace_instances.length);
      return list.workspace_instances;
    };
    assert.deepEqual(await ids(''), [first]);
    assert.deepEqual(await ids('?include_terminated'), [second, first]);
    assert.deepEqual(await ids('?include_terminated=t&include_init_fail'), [third, second, first]);
    assert.deepEqual(await ids('?include_terminated&sort_by=inc_start_date'), [first, second]);
    assert.deepEqual(await ids('?include_terminated&max_per_page=1&page=2'), [first]);
    assert.deepEqual(await ids(`/${other}?include_terminated`), [second]);
    const details = (await person.api(`/instances/${other}?details&include_terminated`)).ok<{
      workspace_instances: Record<string, unknown>[];
    }>().workspace_instances[0];
    assert.match(String(details?.starttime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.deepEqual(
      [details?.id, details?.status, details?.deployment, details?.type],
      [second, 'TERMINATED', deployment, other],
    );
    assertRefused(await person.api('/instances?user=admin'), 403, 'permission denied');
    assertRefused(await person.terminate(third), 400, 'cannot terminate instance that is init_fail');
  });

  test('of others nothing is known', async () => {
    const id = await admin.start(await deploy(world));
    const other = await newPerson(world, `stranger-${world.runtime}`);
    for (const [method, path] of [
      ['GET', `/instance/${id}`],
      ['GET', `/instance/${id}/sshkey`],
      ['POST', `/instance/${id}/ka`],
      ['POST', `/instance/${id}/event`],
      ['POST', `/terminate/${id}`],
      ['GET', `/instance/${nobody}`],
    ] as const) {
      assertRefused(await other.api(path, { method }), 404, 'instance not found');
      assertRefused(await world.api(path, { method, token: null }), 400, 'wrong authorization token');
    }
    assert.equal((await admin.api(`/instance/${id}`)).status, 200);
  });

  test('what programs tell is taken in the published forms only', async () => {
    const id = await admin.start(await deploy(world));
    const tell = (body?: object | string) =>
      admin.api(`/instance/${id}/event`, { method: 'POST', ...(body !== undefined && { body }) });
    const d = { ts: 1, rule: 'x' };
    const told = await tell({ k: 'goalReached', d });
    assert.deepEqual([told.status, told.text], [200, '']);
    assert.equal((await tell({ k: 'headMove', d: { ts: 1, roll: 0.5, pitch: 0, yaw: -1 } })).status, 200);
    assertRefused(await tell(), 400, 'request body required');
    assertRefused(await tell({ k: 'goalReached' }), 400, 'missing event data');
    assertRefused(await tell({ k: 'goalReached', d: { ts: 1 } }), 400, 'missing event data');
    assertRefused(await tell({ k: 'goalReached', d, x: 1 }), 400, 'unexpected keys in event data');
    assertRefused(await tell({ k: 'goalReached', d: { ...d, x: 1 } }), 400, 'unexpected keys in event data');
    assertRefused(await tell({ k: 1, d }), 400, 'unexpected event data types');
    assertRefused(await tell({ k: 'goalReached', d: [] }), 400, 'unexpected event data types');
    assertRefused(
      await tell({ k: 'goalReached', d: { ts: 1.5, rule: 'x' } }),
      400,
      'unexpected event data types',
    );
    for (const k of ['toString', 'x']) assertRefused(await tell({ k, d }), 400, 'unknown event kind');
  });

  test('what can not be asked for is refused with the field', async () => {
    const [type, open] = [newType(), await newPerson(world, `asks-${world.runtime}`)];
    const deployment = await deploy(world, { type });
    const ask = (body: object | string, target = deployment) =>
      open.api(`/new/${target}`, { method: 'POST', body });
    const option = (name: string, why: string) => `value for option \`${name}\` ${why}`;
    for (const [name, values] of Object.entries({
      sshkey: [1, null, ['x']],
      vpn: ['true', 1],
      reserve: [0, 'yes'],
      eurl: [1, true],
      expire_d: ['5', true, 1.5, null],
      keepalive: [1],
      allow_noop: ['t'],
      repo: ['https://x.org/', [], 1],
      reserve_d: ['5'],
    })) {
      for (const value of values)
        assertRefused(await ask({ [name]: value }), 400, option(name, 'has wrong type'));
    }
    assertRefused(await ask({ expire_d: 0 }), 400, option('expire_d', 'must be positive'));
    assertRefused(await ask({ expire_d: 604_801 }), 400, option('expire_d', 'too large'));
    assertRefused(await ask({ reserve_d: 0 }), 400, option('reserve_d', 'must be positive'));
    for (const sshkey of [
      '',
      'x',
      'ssh-rsa AAAA',
      `${publicKey}\n${publicKey}`,
      `${publicKey}${'x'.repeat(17_000)}`,
    ])
      assertRefused(await ask({ sshkey }), 400, option('sshkey', 'is not a public key'));
    assertRefused(await ask({ eurl: ' ' }), 400, option('eurl', 'must be nonempty'));
    for (const eurl of [
      'x',
      'ftp://example.com',
      'javascript:alert(1)',
      `https://example.com/${'x'.repeat(2_100)}`,
    ])
      assertRefused(await ask({ eurl }), 400, option('eurl', 'must be an http, https or mailto URL'));
    for (const host of [
      '127.0.0.1',
      '10.1.2.3',
      '[::1]',
      '169.254.169.254',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '0',
    ])
      assertRefused(await ask({ eurl: `http://${host}/` }), 400, option('eurl', 'is not a public address'));
    const mail = 'value for option `eurl`: e-mail is not configured on this server';
    assertRefused(await ask({ eurl: 'mailto:a@example.com' }), 400, mail);
    assertRefused(await ask({ repo: {} }), 400, option('repo', 'missing url'));
    for (const url of [1, 'x', '--upload-pack=x', 'file:///etc', '/etc', 'https://x.org/ y', 'ext::sh'])
      assertRefused(await ask({ repo: { url } }), 400, option('repo', 'has wrong type'));
    assertRefused(
      await ask({ repo: { url: 'https://x.org/', path: 1 } }),
      400,
      option('repo', 'has wrong type'),
    );
    assertRefused(await ask('{'), 400, 'request body is not valid JSON');
    assertRefused(await ask('"x"'), 400, 'request body must be a JSON object');

    assertRefused(await ask({}, nobody), 404, 'no matching wdeployment found');
    assertRefused(await ask({}, 'nobody_knows_it'), 404, 'no matching wdeployment found');
    const list = (wds: unknown, more = {}) => open.api('/new', { body: { wds, ...more } });
    for (const wds of [undefined, [], 'x', ['x'], [1], Array<string>(33).fill(nobody)])
      assertRefused(await list(wds), 404, 'no wds given');
    assertRefused(await list([deployment, nobody]), 404, 'some given IDs have no matching wdeployment');
    const other = await deploy(world);
    const mixed = 'multiple request for wdeployments of different wtype not supported';
    assertRefused(await list([deployment, other]), 400, mixed);
    assertRefused(await ask({ vpn: true }), 501, 'VPN is not supported by this workspace deployment');

    const change = (verb: string, id = deployment) =>
      world.api(`/berth/v1/workspace-deployments/${id}/${verb}`, { body: {} });
    await change('lock');
    const locked = 'workspace deployment is locked out (unavailable), please contact us';
    assertRefused(await ask({}), 400, locked);
    assertRefused(await ask({ reserve: true }), 400, locked);
    await change('unlock');
    await admin.api(`/deployment/${deployment}/rule`, { body: { cap: 'CAP_NO_INSTANTIATE' } });
    assertRefused(await ask({}), 403, 'permission denied');
    assertRefused(await ask({ reserve: true }, type), 403, 'permission denied');
    const second = await deploy(world, { type });
    await change('dissolve');
    const gone = 'workspace deployment is permanently unavailable';
    assertRefused(await ask({}), 400, gone);
    const some = 'some of the given workspace deployments are permanently unavailable';
    assertRefused(await list([deployment, second]), 400, some);
    assert.equal((await ask({ sshkey: publicKey }, type)).status, 200);
    await change('dissolve', second);
    assertRefused(await ask({}, type), 400, gone);
  });
});

forEachRuntime(
  'workspaces with short limits',
  {
    settings: {
      ...unlimited,
      'rerobots.keepalive': 5,
      'rerobots.max_active_per_user': 2,
      'rerobots.lockout_after_init_fail': 2,
    },
  },
  world => {
    test('without pings one with a keep-alive ends', async () => {
      const person = await newPerson(world, 'forgets');
      const id = await person.start(await deploy(world), { keepalive: true });
      await person.reaches(id, 'TERMINATED');
    });

    test('an account has no more than it may', async () => {
      const person = await newPerson(world, 'greedy');
      const [one, , three] = [
        await person.start(await deploy(world)),
        await person.start(await deploy(world)),
        await deploy(world),
      ];
      assertRefused(await person.ask(three), 400, 'too many active instances');
      await person.terminate(one);
      await person.reaches(one, 'TERMINATED');
      await person.start(three);
    });

    test('a deployment that fails again and again is locked', async () => {
      const person = await newPerson(world, 'unlucky');
      const deployment = await deploy(world);
      for (let n = 0; n < 2; n++) {
        const id = await person.start(deployment, { repo: { url: 'http://127.0.0.1:1/nothing.git' } });
        await person.reaches(id, 'INIT_FAIL');
      }
      const { lockout, icounter } = await eventually('the lock', async () => {
        const shape = (await person.api(`/deployment/${deployment}`)).ok();
        return shape.lockout === true && shape;
      });
      assert.deepEqual([lockout, icounter], [true, 0]);
    });
  },
);
