import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { adminToken, TestBackend, World } from '../support/index.ts';
import { cannotRunJamsocket, JamsocketUser, labelled } from './jamsocket-user.ts';

/** One command after the other: each is a process that takes a processor for a second. */
describe('the published command line', { skip: cannotRunJamsocket, timeout: 290_000 }, () => {
  const world = new World('process');
  let user: JamsocketUser;
  const jamsocket = async (...args: string[]) => await user.run(...args);

  before(async () => {
    await world.open({});
    user = await JamsocketUser.at(world.server);
    await jamsocket('login', '--token', adminToken);
  });
  after(async () => {
    await user?.leave();
    await world.close();
  });

  test('signs in with a token, and out', async t => {
    const { name, token } = await world.account('newcomer');
    const newcomer = await JamsocketUser.at(world.server);
    t.after(() => newcomer.leave());
    assert.match(await newcomer.run('login', '-t', 'a.wrong-one'), /credentials may have expired/);
    assert.match(await newcomer.run('service', 'list'), /No user credentials found/);
    assert.match(await newcomer.run('login', '-t', token), /Logged in using API token as "newcomer"/);
    assert.match(await newcomer.run('login'), /You are already logged in as account newcomer/);
    assert.match(await newcomer.run('login', '-t', token, 'admin'), /already logged in as account newcomer/);
    const { tokens } = (await world.api('/berth/v1/tokens', { token })).ok<{ tokens: { id: string }[] }>();
    assert.equal(tokens.length, 1, name);
    await world.api(`/berth/v1/tokens/${tokens[0]?.id}`, { token, method: 'DELETE' });
    assert.match(await newcomer.run('service', 'list'), /credentials may have expired/);
    assert.match(await newcomer.run('logout'), /Logged out/);
    assert.equal(await newcomer.saved(), undefined);
  });

  test('signs in by a page that its user approves, and ends its session', async t => {
    const { name, token } = await world.account('visitor');
    const visitor = await JamsocketUser.at(world.server);
    t.after(() => visitor.leave());
    const login = visitor.start('login');
    const [, attempt] = await login.says(/https:\/\/app\.localhost\/cli-login\/([\w-]{43})/);
    const path = `/cli-login/${attempt}/approve`;
    const { code } = (await world.api(path, { token, method: 'POST' })).ok<{ code: string }>();
    await login.says(/4-digit code/);
    login.type(code);
    assert.match(await login.end(), new RegExp(`You're logged in as ${name}`));
    assert.match(await visitor.run('login'), new RegExp(`already logged in as account ${name}`));
    assert.match(await visitor.run('service', 'create', 'theirs'), /Created service: theirs/);
    const { user_session: session } = JSON.parse((await visitor.saved()) ?? '') as {
      user_session: { token: string };
    };
    assert.equal((await world.api('/auth', { token: session.token })).ok().account, name);
    assert.match(await visitor.run('logout'), /Logged out/);
    assert.equal((await world.api('/auth', { token: session.token })).status, 401);

    for (const [what, answer] of [
      ['deny', /Login attempt failed/],
      ['approve', /credentials may have expired/],
    ] as const) {
      const refused = visitor.start('login');
      const [, other] = await refused.says(/cli-login\/([\w-]{43})/);
      (await world.api(`/cli-login/${other}/${what}`, { token, method: 'POST' })).ok();
      if (what === 'approve') {
        await refused.says(/4-digit code/);
        refused.type('none');
      }
      assert.match(await refused.end(), answer);
      assert.equal(await visitor.saved(), undefined);
    }
  });

  test('signs in for one of the accounts of its user, and changes to another', async t => {
    const password = 'correct horse battery';
    (await world.api('/berth/v1/users', { body: { name: 'person', password } })).ok();
    const { token } = await world.account('team');
    (await world.api('/berth/v1/accounts/team/members', { body: { user: 'person' } })).ok();
    (await world.api('/user/team/service', { token, body: { name: 'shared' } })).ok();
    const person = await JamsocketUser.at(world.server);
    t.after(() => person.leave());

    const login = person.start('login', 'team');
    const [, attempt] = await login.says(/\/cli-login\/([\w-]{43})/);
    const options = { token: await world.token({ account: 'person' }), method: 'POST' };
    const approval = await world.api(`/cli-login/${attempt}/approve`, options);
    login.type(approval.ok<{ code: string }>().code);
    assert.match(await login.end(), /logged in as team/);
    assert.match(await person.run('service', 'list'), /^shared$/m);
    assert.match(await person.run('login', 'person'), /logged in as person/);
    assert.match(await person.run('login', 'admin'), /do not have access to account admin/);
  });

  test('makes services, lists, describes and deletes them', async () => {
    assert.match(await jamsocket('service', 'create', 'first-one'), /Created service: first-one/);
    assert.match(await jamsocket('service', 'create', 'first-one'), /409 - AlreadyExists: /);
    assert.match(await jamsocket('service', 'create', 'Not_A_Name'), /400 - BadRequest: name: /);
    assert.match(await jamsocket('service', 'list'), /^first-one$/m);
    const info = await jamsocket('service', 'info', 'first-one');
    assert.match(info, /^Service: first-one$/m);
    assert.equal(labelled(info, 'account'), 'admin');
    assert.equal(labelled(info, 'last spawn'), '-');
    assert.equal(labelled(info, 'last image push'), '-');
    assert.equal(labelled(info, 'cluster'), 'default');
    assert.equal(labelled(info, 'image tag/digest'), 'latest');

    assert.match(await jamsocket('service', 'use-image', 'first-one', '-i', 'v2'), /to use image v2/);
    assert.equal(labelled(await jamsocket('service', 'info', 'first-one'), 'image tag/digest'), 'v2');
    assert.match(await jamsocket('service', 'use-image', 'first-one/no', '-i', 'v2'), /404 - NotFound/);
    assert.match(await jamsocket('images', 'first-one'), /No images found for this service/);

    const deleted = await jamsocket('service', 'delete', '-y', 'first-one');
    assert.match(deleted, /has no container images, and has never been spawned/);
    assert.match(deleted, /Deleted service: first-one/);
    assert.match(await jamsocket('service', 'info', 'first-one'), /404 - NotFound: service not found/);
  });

  test('connects by a key, and follows, lists and ends what it has connected to', async () => {
    const service = await world.service('echo.js');
    const args = ['-k', 'a key', '-u', 'bob', '-a', '{"x":1}', '-e', 'COLOR=green', '-i', '60', '-l', '600'];
    const connected = await jamsocket('connect', service, ...args);
    const id = labelled(connected, 'backend id');
    assert.equal(labelled(connected, 'spawned'), 'true');
    assert.match(labelled(connected, 'backend status'), /^(scheduled|loading|starting)$/);
    assert.equal(
      labelled(connected, 'status url'),
      `http://localhost:${world.server.port}/v2/backend/${id}/status`,
    );
    const again = await jamsocket('connect', service, '-k', 'a key', '--no-spawn');
    assert.deepEqual([labelled(again, 'backend id'), labelled(again, 'spawned')], [id, 'false']);
    assert.match(await jamsocket('connect', service, '-k', 'free', '--no-spawn'), /409 - KeyUnheld/);
    assert.match(await jamsocket('connect', `${service}/nowhere`), /404 - NotFound/);

    const backend = TestBackend.withId(world.server, id);
    const { pathname } = new URL(labelled(connected, 'backend url'));
    const echo = (await backend.request(`${pathname}page`)).json<{
      headers: Record<string, string>;
      env: Record<string, string>;
    }>();
    assert.equal(echo.headers['x-verified-username'], 'bob');
    assert.equal(echo.headers['x-verified-user-data'], '{"x":1}');
    assert.equal(echo.env.COLOR, 'green');

    const listed = await jamsocket('backend', 'list');
    assert.match(listed, new RegExp(`^ *${id} .* admin +${service} +ready \\(.+\\) +a key *$`, 'm'));

    const metrics = user.start('backend', 'metrics', id);
    await metrics.says(/^cpu util\tmem used\tmem avail\n[^\n]*\d\.\d%\s+\d+\.\d\d \w+\s+\d+\.\d\d \w+$/m);
    assert.match(await jamsocket('terminate', id), /Termination requested for backend/);
    assert.doesNotMatch(await metrics.end(), /NaN|Infinity|undefined/);
    await backend.reaches('Terminated');
    assert.match(await jamsocket('terminate', '-f', id), /has already terminated. Skipping/);

    const info = await jamsocket('backend', 'info', id);
    assert.equal(labelled(info, 'service'), service);
    assert.equal(labelled(info, 'key'), 'a key');
    assert.equal(labelled(info, 'image digest'), '-');
    const states = [...info.matchAll(/^\d{4}-\d\d-\d\dT\S+Z {2}(.+?) *$/gm)].map(([, state]) => state);
    assert.deepEqual(states, [
      'scheduled',
      'loading',
      'starting',
      'waiting',
      'ready',
      'terminating (reason: external)',
      'terminated (reason: external, kind: soft, exit code: 0)',
    ]);
    assert.match(await jamsocket('backend', 'list'), /No running backends found/);
    assert.match(await jamsocket('service', 'info', service), /last spawn: (?!-)/);
  });

  test('follows a log from its first line to its last', async () => {
    const lines = ['first', '', 'with "data: " in it', 'Zoë 🚢', 'x'.repeat(20_000)];
    const service = await world.service('say.js', {
      args: [Buffer.from(lines.join('\n')).toString('base64')],
    });
    const spawned = await jamsocket('spawn', service, '-g', '60', '-l', 'a lock', '-e', 'COLOR=green');
    assert.equal(labelled(spawned, 'spawned'), 'true');
    assert.match(labelled(spawned, 'backend url'), /^http:\/\/[a-z0-9]{16}\.localhost:\d+\/$/);
    const id = labelled(spawned, 'backend ID');
    const logs = user.start('logs', id);
    await logs.says(/^xxx/m);
    await jamsocket('terminate', '-f', id);
    const shown = (await logs.end()).split('\n').slice(2);
    assert.deepEqual(shown.slice(0, 4), lines.slice(0, 4));
    assert.ok(shown.join('').includes('x'.repeat(20_000)));
    assert.match(await jamsocket('logs', 'nosuchbackend000'), /backend not found/);
  });

  test('is told that it miscounts what is not ASCII', async () => {
    const service = await world.service('echo.js');
    assert.match(await jamsocket('connect', service, '-u', 'bøb', '-k', 'ключ'), /non-ASCII/);
  });

  test('has no access to others, whose names it cannot find out', async t => {
    const { token } = await world.account('stranger');
    const service = await world.service('echo.js');
    const backend = await world.spawn(service);
    const stranger = await JamsocketUser.at(world.server);
    t.after(() => stranger.leave());
    await stranger.run('login', '-t', token);
    assert.match(await stranger.run('backend', 'info', backend.id), /do not have permission/);
    assert.match(await stranger.run('logs', backend.id), /do not have permission/);
    assert.match(await stranger.run('terminate', backend.id), /Failed to request termination/);
    assert.match(await stranger.run('service', 'info', service), /404 - NotFound/);
    assert.equal((await backend.reaches('Ready')).state, 'Ready');
  });
});
