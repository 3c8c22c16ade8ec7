import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime, runBerth } from '../support/index.ts';
import { assertRefused, deploy, newType, nobody, timestampPattern, unlimited } from './support.ts';

const settings = unlimited;

interface Rules {
  readonly rules: { id: number; user: string; capability: string; param: null; wdeployment_id: string }[];
}

forEachRuntime('workspace deployments', { runtimes: ['process'], settings }, world => {
  const visit = (path: string) => world.api(path, { token: null });
  const list = async (query: string, token: string | null = null) =>
    (await world.api(`/deployments${query}`, { token })).ok<{
      workspace_deployments: string[];
      page_count: number;
      info?: Record<string, Record<string, unknown>>;
    }>();

  test('are listed to everybody, and described', async () => {
    const type = newType();
    const id = await deploy(world, { type, description: 'a bench' });
    const { created, ...rest } = (await visit(`/deployment/${id.toUpperCase()}`)).ok();
    assert.match(String(created), timestampPattern);
    const info = {
      type,
      type_version: 1,
      supported_addons: [],
      desc: 'a bench',
      region: 'here:1',
      icounter: 0,
      queuelen: 0,
    };
    assert.deepEqual(rest, { id, ...info, kind: 'local', online: true });
    assert.ok(
      (await visit('/workspaces')).ok<{ workspace_types: string[] }>().workspace_types.includes(type),
    );
    assert.deepEqual(await list(`/${type}`), { workspace_deployments: [id], page_count: 1 });
    assert.deepEqual((await list(`?types=${type}&info=t`)).info, { [id]: { ...info, created } });
    for (const off of ['f', 'false', '0']) assert.equal((await list(`?info=${off}`)).info, undefined);
    assert.deepEqual((await visit(`/queuelen/${id}`)).ok(), { id, len: 0 });
    assertRefused(await visit(`/queuelen/${nobody}`), 404, 'no workspace deployment found with given ID');
    assertRefused(await visit(`/deployment/${nobody}`), 404, 'no workspace deployment found with given ID');
    const wrong = await world.api('/deployments', { token: 'wrong.token' });
    assert.equal(wrong.status, 200);
  });

  test('a list is filtered, ordered and cut as it is asked for; nonsense is ignored', async () => {
    const [one, two] = [newType(), newType()];
    const a = await deploy(world, { type: two, region: 'Attic' });
    const b = await deploy(world, { type: one });
    const c = await deploy(world, { type: one, description: 'in the CELLAR' });
    const ids = async (query: string) => (await list(query)).workspace_deployments;
    const mine = `types=${one},${two}`;
    assert.deepEqual(await ids(`?${mine}`), [b, c, a]);
    assert.deepEqual(await ids(`?${mine}&sort_by=dec_wtype`), [a, b, c]);
    assert.deepEqual(await ids(`?${mine}&sort_by=inc_created`), [a, b, c]);
    assert.deepEqual(await ids(`?${mine}&sort_by=dec_created`), [c, b, a]);
    assert.deepEqual(await ids(`?${mine}&sort_by=nonsense`), [b, c, a]);
    assert.deepEqual(await ids(`?${mine}&q=cellar`), [c]);
    assert.deepEqual(await ids(`?${mine}&q=ATTIC`), [a]);
    assert.deepEqual(await ids(`?${mine}&maxlen=-5`), [b, c, a]);
    assert.deepEqual(await ids(`?${mine}&maxlen=u&maxlen=0`), [b, c, a]);
    assert.deepEqual(await ids(`/${two}?types=${one}`), [b, c]);
    assert.deepEqual(await ids('/nobody_knows_it'), []);
    for (const bang of ['!', '%21']) {
      const rest = await ids(`?types=${bang}${one}`);
      assert.ok(rest.includes(a) && !rest.includes(b));
      assert.deepEqual(await ids(`?types=${one},${two},${bang}${one}`), [a]);
    }
    const paged = await list(`?${mine}&max_per_page=2&page=9`);
    assert.deepEqual(paged, { workspace_deployments: [a], page_count: 2 });
    assert.deepEqual(await ids(`?${mine}&max_per_page=2&page=0`), [b, c]);
    assert.deepEqual(await ids(`?${mine}&max_per_page=x`), [b, c, a]);
    assert.equal((await list('/nobody_knows_it?max_per_page=5')).page_count, 1);
  });

  test('dissolved ones are gone from lists, unless they are asked for', async () => {
    const type = newType();
    const id = await deploy(world, { type });
    await world.api(`/berth/v1/workspace-deployments/${id}/dissolve`, { body: {} });
    assert.deepEqual((await list(`/${type}`)).workspace_deployments, []);
    assert.deepEqual((await list(`/${type}?with_dissolved`)).workspace_deployments, [id]);
    const { dissolved, online } = (await visit(`/deployment/${id}`)).ok();
    assert.match(String(dissolved), timestampPattern);
    assert.equal(online, false);
    const types = (await visit('/workspaces?with_dissolved')).ok<{ workspace_types: string[] }>();
    assert.ok(types.workspace_types.includes(type));
  });

  test('hidden ones are known to their owner and to those whom a rule names', async () => {
    const [owner, guest, other] = await Promise.all(
      ['owner-h', 'guest-h', 'other-h'].map(name => world.account(name)),
    );
    assert.ok(owner && guest && other);
    const id = await deploy(world, { hidden: true, owner: owner.name });
    const allowed = await world.api(`/deployment/${id}/rule`, {
      token: owner.token,
      body: { cap: 'CAP_INSTANTIATE', user: guest.name },
    });
    assert.deepEqual(allowed.ok(), { rule_id: 2 });
    for (const { token } of [owner, guest])
      assert.equal((await world.api(`/deployment/${id}`, { token })).status, 200);
    for (const token of [null, other.token]) {
      const answer = await world.api(`/deployment/${id}`, { token });
      assertRefused(answer, 404, 'no workspace deployment found with given ID');
      assert.ok(!(await list('', token)).workspace_deployments.includes(id));
    }
  });

  test('rules are made by the owner, and shown as far as they are about who asks', async () => {
    const [owner, user, other] = await Promise.all(
      ['owner-r', 'user-r', 'other-r'].map(name => world.account(name)),
    );
    assert.ok(owner && user && other);
    const id = await deploy(world, { owner: owner.name });
    const put = (body: object | string | undefined, token = owner.token) =>
      world.api(`/deployment/${id}/rule`, { method: 'POST', token, ...(body !== undefined && { body }) });
    const shown = async (token: string, query = '') =>
      (await world.api(`/deployment/${id}/rules${query}`, { token })).ok<Rules>().rules;

    assert.deepEqual((await put({ cap: 'CAP_NO_INSTANTIATE' })).ok(), { rule_id: 2 });
    assert.deepEqual((await put({ cap: 'CAP_INSTANTIATE', user: user.name })).ok(), { rule_id: 3 });
    assert.deepEqual((await put({ cap: 'CAP_INSTANTIATE', user: user.name })).ok(), { rule_id: 3 });
    assert.deepEqual((await put({ cap: 'CAP_INSTANTIATE', user: 'type:anon' })).ok(), { rule_id: 4 });
    assert.deepEqual((await put({ cap: 'CAP_INSTANTIATE' })).ok(), { rule_id: 5 });
    const all = await shown(owner.token);
    assert.deepEqual(
      all.map(rule => [rule.id, rule.user, rule.capability, rule.param]),
      [
        [1, owner.name, 'CAP_INSTANTIATE', null],
        [3, user.name, 'CAP_INSTANTIATE', null],
        [4, 'type:anon', 'CAP_INSTANTIATE', null],
        [5, '*', 'CAP_INSTANTIATE', null],
      ],
    );
    assert.deepEqual(
      (await shown(user.token)).map(rule => rule.id),
      [3, 4, 5],
    );
    assert.deepEqual(
      (await shown(other.token)).map(rule => rule.id),
      [4, 5],
    );
    assert.deepEqual(
      (await shown(owner.token, `?to_user=${user.name}`)).map(rule => rule.id),
      [3],
    );
    const foreign = await world.api(`/deployment/${id}/rules?to_user=${user.name}`, { token: other.token });
    assertRefused(foreign, 403, 'permission denied');
    const everywhere = (await world.api('/rules', { token: user.token })).ok<Rules>().rules;
    assert.ok(everywhere.some(rule => rule.id === 3 && rule.wdeployment_id === id));
    assert.ok(everywhere.every(({ user: name }) => ['*', 'type:anon', user.name].includes(name)));

    assertRefused(await put(undefined), 400, 'post body required, but not given');
    assertRefused(await put('   '), 400, 'post body required, but not given');
    assertRefused(await put('{'), 400, 'request body is not valid JSON');
    assertRefused(await put('[1]'), 400, 'request body must be a JSON object');
    for (const cap of [undefined, 1, 'CAP_X', 'toString'])
      assertRefused(await put({ cap }), 400, 'unrecognized capability (`cap` field)');
    assertRefused(
      await put({ cap: 'CAP_INSTANTIATE', user: 1 }),
      400,
      'value for option `user` has wrong type',
    );
    assertRefused(await put({ cap: 'CAP_INSTANTIATE' }, other.token), 403, 'permission denied');
    const drop = (rule: number | string, token = owner.token) =>
      world.api(`/deployment/${id}/rule/${rule}`, { method: 'DELETE', token });
    assertRefused(await drop(3, other.token), 403, 'permission denied');
    const dropped = await drop(3);
    assert.deepEqual([dropped.status, dropped.text], [200, '']);
    assertRefused(await drop(3), 404, 'rule not found');
    assertRefused(await drop('x'), 400, 'unrecognized command');
    assertRefused(await world.api('/rules', { token: null }), 400, 'wrong authorization token');
  });

  test('are locked by their owner, which is told', async () => {
    const owner = await world.account('owner-l');
    const id = await deploy(world, { owner: owner.name });
    const lock = (method: string, token: string) => world.api(`/deployment/${id}/lockout`, { method, token });
    for (let n = 0; n < 2; n++) {
      const { status, text } = await lock('POST', owner.token);
      assert.deepEqual([status, text], [200, '']);
    }
    assert.equal((await visit(`/deployment/${id}`)).ok().lockout, true);
    const { token } = await world.account('other-l');
    assertRefused(await lock('DELETE', token), 404, 'no workspace deployment found with given ID');
    assert.equal((await lock('DELETE', owner.token)).status, 200);
    assert.equal((await visit(`/deployment/${id}`)).ok().lockout, undefined);
  });

  test('tell their queues to those who may wait in them', async () => {
    const [type, { token }] = [newType(), await world.account('waits-q')];
    const [a, b, locked, closed] = await Promise.all(
      [{ type }, { type }, { type }, { default_deny: true }].map(body => deploy(world, body)),
    );
    await world.api(`/berth/v1/workspace-deployments/${locked}/lock`, { body: {} });
    const ask = (path: string) => world.api(`/qlen${path}`, { token });
    const idle = { qlen: 0, rem: null };
    assert.deepEqual((await ask(`?wds=${a},${locked}`)).ok(), { [String(a)]: idle });
    assert.deepEqual((await ask(`/${type}`)).ok(), { [String(a)]: idle, [String(b)]: idle });
    const refused = await ask('');
    assertRefused(refused, 404, 'no wds given');
    assert.equal(refused.json().error, 'no wds given');
    assertRefused(await ask(`?wds=${nobody}`), 404, 'no matching wdeployment found');
    assertRefused(await ask(`?wds=${a},x`), 404, 'some given IDs have no matching wdeployment');
    assertRefused(await ask('/nobody_knows_it'), 404, 'no matching wdeployment found');
    assertRefused(await ask(`?wds=${closed}`), 403, 'permission denied');
    await world.api(`/berth/v1/workspace-deployments/${b}/dissolve`, { body: {} });
    assertRefused(await ask(`?wds=${b}`), 400, 'workspace deployment is permanently unavailable');
    assert.deepEqual((await ask(`/${type}`)).ok(), { [String(a)]: idle });
    assertRefused(await world.api('/qlen', { token: null }), 400, 'wrong authorization token');
  });

  test('berth deployment makes, shows and changes them', async () => {
    const berth = (...args: string[]) => runBerth(world.server, args);
    const type = newType();
    assert.equal((await berth('workspace-type', 'create', type)).code, 0);
    assert.match((await berth('workspace-type', 'create', type)).stderr, /exists already/);
    const created = await berth(
      'deployment',
      'create',
      '--type',
      type,
      '--image',
      'host',
      '--desc',
      'x',
      '--default-deny',
    );
    assert.equal(created.code, 0, created.stderr);
    const id = created.stdout.trim();
    assert.equal((await berth('deployment', 'lock', id)).code, 0);
    const row = (await berth('deployment', 'list')).stdout.split('\n').find(line => line.startsWith(id));
    assert.match(row ?? '', new RegExp(`^${id}  ${type} +- +admin +locked +0 `));
    assert.equal((await berth('deployment', 'unlock', id)).code, 0);
    assert.match((await berth('deployment', 'rules', id, '--allow', 'ada')).stdout, /^2 +ada +yes /m);
    assert.doesNotMatch((await berth('deployment', 'rules', id, '--delete', '2')).stdout, /ada/);
    assert.equal((await berth('deployment', 'dissolve', id)).code, 0);
    const left = JSON.parse((await berth('deployment', 'list', '--json')).stdout) as {
      deployments: { id: string }[];
    };
    assert.ok(!left.deployments.some(deployment => deployment.id === id));
    assert.match((await berth('deployment', 'dissolve', id)).stderr, /there is no workspace deployment/);
    assert.match(
      (await berth('deployment', 'create', '--type', 'a-b', '--image', 'host')).stderr,
      /type: must be/,
    );
    assert.match(
      (await berth('deployment', 'create', '--type', type, '--image', 'x')).stderr,
      /image: must be/,
    );
    assert.match((await berth('deployment', 'create', '--type', type, '--image', 'a/b')).stderr, /use host/);
    assert.match(
      (await berth('deployment', 'create', '--type', type, '--image', 'host', '--owner', 'nobody')).stderr,
      /there is no account nobody/,
    );
  });

  test('are made by administrators only', async () => {
    const { token } = await world.account('plain');
    for (const [method, path] of [
      ['GET', ''],
      ['POST', ''],
      ['GET', `/${nobody}`],
      ['POST', `/${nobody}/lock`],
      ['GET', `/${nobody}/rules`],
    ] as const) {
      const answer = await world.api(`/berth/v1/workspace-deployments${path}`, { method, token });
      assert.equal(answer.status, 403);
    }
    assert.equal((await world.api(`/berth/v1/workspace-deployments/${nobody}`)).status, 404);
  });
});

forEachRuntime(
  'workspace deployments of a private server',
  { runtimes: ['process'], settings: { 'rerobots.public_read': false } },
  world => {
    test('are for those with a token', async () => {
      for (const path of ['/', '/workspaces', '/deployments', `/deployment/${nobody}`, `/queuelen/${nobody}`])
        assertRefused(await world.api(path, { token: null }), 400, 'wrong authorization token');
      assert.equal((await world.api('/workspaces')).status, 200);
      const page = await world.api('/', { token: null, headers: { accept: 'text/html' } });
      assert.equal(page.status, 200);
    });
  },
);
