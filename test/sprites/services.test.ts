import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, forEachRuntime, type World } from '../support/index.ts';
import { codeOf, outputOf, TestServices, typesOf } from './services-support.ts';
import { assertRefused, TestSprite } from './support.ts';

const settings = { 'sprites.log_max_bytes': 65_536, 'sprites.log_files': 10, 'sprites.needs_timeout': '3s' };
const sleeps = { cmd: 'sleep', args: ['600'] };
const logFile = '/.sprite/logs/services/web.log';

forEachRuntime('services', { settings }, world => {
  test('of a new sprite are none; one is started and described', async () => {
    const services = await make(world);
    assert.deepEqual((await services.sprite.api('/services')).ok(), []);
    const lines = await services.sh('web', 'echo hi; echo bad >&2; sleep 600', {}, 'duration=2s');
    assert.equal(lines[0]?.type, 'started');
    assert.deepEqual(typesOf(lines).toSorted(), ['complete', 'started', 'stderr', 'stdout']);
    assert.deepEqual([outputOf(lines), outputOf(lines, 'stderr')], ['hi\n', 'bad\n']);
    assert.deepEqual(lines.at(-1)?.log_files, { combined: logFile, stdout: logFile, stderr: logFile });
    const tookMs = (lines.at(-1)?.timestamp ?? 0) - (lines[0]?.timestamp ?? 0);
    assert.ok(tookMs >= 1_500 && tookMs < 10_000, `the window was ${tookMs} ms`);
    const { state, ...web } = await services.get('web');
    assert.deepEqual(web, {
      name: 'web',
      cmd: 'sh',
      args: ['-c', 'echo hi; echo bad >&2; sleep 600'],
      needs: [],
      http_port: null,
    });
    const { pid, started_at: startedAt, ...rest } = state;
    assert.deepEqual(rest, { name: 'web', status: 'running' });
    assert.ok(Number.isInteger(pid));
    assert.match(startedAt ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual((await services.sprite.api('/services')).ok(), [await services.get('web')]);
  });

  test('a PUT answers with one object where only JSON is accepted', async () => {
    const services = await make(world);
    const headers = { accept: 'application/json' };
    const body = { ...sleeps, env: { A: 'b' }, dir: '/', restart: 'on-failure', needs: null, unknown: 1 };
    const answer = await services.sprite.api('/services/web', { method: 'PUT', body, headers });
    const { state, ...web } = answer.ok();
    assert.deepEqual(web, {
      name: 'web',
      cmd: 'sleep',
      args: ['600'],
      needs: [],
      http_port: null,
      env: { A: 'b' },
      dir: '/',
      restart: 'on-failure',
    });
    assert.match((state as { status: string }).status, /^(starting|running)$/);
    for (const accept of ['*/*', 'application/x-ndjson', 'application/json, application/x-ndjson']) {
      const stream = await services.sprite.api('/services/web?duration=0', {
        method: 'PUT',
        body,
        headers: { accept },
      });
      assert.equal(stream.headers['content-type'], 'application/x-ndjson', accept);
    }
  });

  test('a PUT changes what has changed only', async () => {
    const services = await make(world);
    await services.put('web', sleeps);
    const before = await services.get('web');
    assert.deepEqual(typesOf(await services.put('web', sleeps)), ['started', 'complete']);
    assert.equal((await services.get('web')).state.pid, before.state.pid);
    const changed = await services.put('web', { ...sleeps, args: ['601'] });
    assert.deepEqual(typesOf(changed), ['stopping', 'stopped', 'started', 'complete']);
    const after = await services.get('web');
    assert.notEqual(after.state.pid, before.state.pid);
    assert.deepEqual(after.args, ['601']);
  });

  test('an end is told with its code, and is a failure unless it is 0', async () => {
    const services = await make(world);
    const lines = await services.sh('once', 'exit 3', { restart: 'never' }, 'duration=60s');
    assert.deepEqual([typesOf(lines), codeOf(lines, 'exit')], [['started', 'exit', 'complete'], 3]);
    const { state } = await services.get('once');
    assert.deepEqual([state.status, state.error], ['failed', 'exited with code 3']);
    await services.sh('fine', 'echo done; exit 0', { restart: 'on-failure' }, 'duration=60s');
    const fine = await services.get('fine');
    assert.deepEqual(
      [fine.state.status, fine.state.error, fine.state.pid],
      ['stopped', undefined, undefined],
    );
  });

  test('what can not be run fails with a reason, which the log has, too', async () => {
    const services = await make(world);
    const lines = await services.put('x', { cmd: '/no/such' }, 'duration=5s');
    assert.deepEqual(typesOf(lines), ['error', 'complete']);
    assert.match(lines[0]?.data ?? '', /command not found: \/no\/such/);
    const { state } = await services.get('x');
    assert.deepEqual([state.status, state.error], ['failed', 'command not found: /no/such']);
    assert.ok(Date.parse(state.next_restart_at ?? '') > Date.parse(state.started_at ?? ''));
    assert.match(outputOf(await services.logs('x'), 'stderr'), /^command not found: \/no\/such\n/);
    const lost = await services.put('y', { ...sleeps, dir: '/no/such' });
    assert.match(lost[0]?.data ?? '', /director/);
  });

  test('a stop ends it for good, a restart gives it a new process', async () => {
    const services = await make(world);
    await services.put('web', sleeps);
    const { pid } = (await services.get('web')).state;
    const again = await services.post('web', 'restart?duration=0');
    assert.deepEqual(typesOf(again), ['stopping', 'stopped', 'started', 'complete']);
    const restarted = (await services.get('web')).state;
    assert.notEqual(restarted.pid, pid);
    assert.equal(restarted.restart_count, undefined);
    const lines = await services.post('web', 'stop');
    assert.deepEqual([typesOf(lines), codeOf(lines, 'stopped')], [['stopping', 'stopped', 'complete'], 143]);
    const { state } = await services.get('web');
    assert.deepEqual([state.status, state.pid, state.error], ['stopped', undefined, undefined]);
    const refused = await services.sprite.api('/services/web/stop', { method: 'POST' });
    assertRefused(refused, 409, 'service not running');
    assert.deepEqual(typesOf(await services.post('web', 'restart?duration=0')), ['started', 'complete']);
    assert.deepEqual(typesOf(await services.post('web', 'start?duration=0')), ['started', 'complete']);
  });

  test('what does not heed TERM is killed, and all that it has started', async () => {
    const services = await make(world);
    const script = 'trap "" TERM; echo up; setsid sleep 654 & while :; do sleep 1; done';
    await services.sh('deaf', script, {}, 'duration=1s');
    const lines = await services.post('deaf', 'stop?timeout=1s');
    assert.deepEqual(typesOf(lines), ['stopping', 'error', 'stopped', 'complete']);
    assert.equal(lines[1]?.data, 'did not stop within 1s, killed');
    assert.equal(codeOf(lines, 'stopped'), 137);
    const took = (lines[2]?.timestamp ?? 0) - (lines[0]?.timestamp ?? 0);
    assert.ok(took >= 900 && took < 15_000, `${took} ms`);
    assert.equal((await services.get('deaf')).state.status, 'stopped');
    if (world.runtime === 'oci')
      assert.equal((await services.sprite.run('pgrep', '-f', 'sleep 654')).exitCode, 1);
  });

  test('the last output of what is stopped comes before its end', async () => {
    const services = await make(world);
    const script = "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done";
    await services.sh('polite', script, {}, 'duration=1s');
    const lines = await services.post('polite', 'stop');
    // The shell may tell that what it waited for was terminated.
    const types = typesOf(lines).filter(type => type !== 'stderr');
    assert.deepEqual(types, ['stopping', 'stdout', 'stopped', 'complete']);
    assert.deepEqual([outputOf(lines), codeOf(lines, 'stopped')], ['bye\n', 5]);
  });

  test('a signal goes to its process; one that dies of it is started again', async () => {
    const services = await make(world);
    await services.put('web', sleeps);
    const { pid } = (await services.get('web')).state;
    assert.equal((await services.signal('web', 'kill')).status, 204);
    await eventually('a new process', async () => {
      const { state } = await services.get('web');
      return state.status === 'running' && state.pid !== pid && state.restart_count === 1;
    });
    await services.sh(
      'traps',
      "trap 'echo got' USR1; echo up; while :; do sleep 0.05; done",
      {},
      'duration=1s',
    );
    for (const signal of ['USR1', 'sigusr1', 10])
      assert.equal((await services.signal('traps', signal)).status, 204);
    await eventually('the signal', async () => outputOf(await services.logs('traps')).includes('got\n'));
    for (const signal of ['NOPE', '', 0, 65, undefined]) {
      assertRefused(await services.signal('web', signal), 400, 'invalid signal');
    }
    assertRefused(await services.signal(undefined, 'TERM'), 400, 'invalid request body');
    assertRefused(await services.signal('ghost', 'TERM'), 404, 'service not found');
    await services.post('web', 'stop');
    assertRefused(await services.signal('web', 'TERM'), 409, 'service not running');
  });

  test('what a service needs is started before it, and is kept while it is needed', async () => {
    const services = await make(world);
    await services.put('db', sleeps);
    await services.put('app', { ...sleeps, needs: ['db', 'db'] });
    assert.deepEqual((await services.get('app')).needs, ['db']);
    const refuse = async (path: string, method: string) =>
      assertRefused(await services.sprite.api(path, { method }), 409, 'service in use');
    assert.match(await refuse('/services/db/stop', 'POST'), /"app"/);
    await services.post('app', 'stop');
    await services.post('db', 'stop');
    assert.deepEqual(typesOf(await services.post('app', 'start?duration=0')), ['started', 'complete']);
    const [db, app] = [(await services.get('db')).state, (await services.get('app')).state];
    assert.deepEqual([db.status, app.status], ['running', 'running']);
    assert.ok(Date.parse(db.started_at ?? '') <= Date.parse(app.started_at ?? ''));
    await services.post('db', 'restart?duration=0');
    assert.equal((await services.get('app')).state.pid, app.pid);
    assert.match(await refuse('/services/db', 'DELETE'), /"app"/);
    for (const name of ['app', 'db']) {
      assert.equal((await services.sprite.api(`/services/${name}`, { method: 'DELETE' })).status, 204);
    }
    assert.deepEqual((await services.sprite.api('/services')).ok(), []);
  });

  test('a need that does not start holds up who needs it, with the reason', async () => {
    const services = await make(world);
    await services.put('db', { cmd: '/no/such', restart: 'never' });
    const lines = await services.put('app', { ...sleeps, needs: ['db'], restart: 'never' });
    assert.deepEqual(typesOf(lines), ['error', 'complete']);
    assert.equal(lines[0]?.data, 'dependency "db" did not start: command not found: /no/such');
    assert.equal((await services.get('app')).state.status, 'failed');
  });

  test('needs that lead nowhere or in a circle are refused, and nothing changes', async () => {
    const services = await make(world);
    const put = (name: string, needs: string[]) =>
      services.sprite.api(`/services/${name}?duration=0`, { method: 'PUT', body: { ...sleeps, needs } });
    assertRefused(await put('a', ['a']), 400, 'invalid dependencies');
    assert.match(assertRefused(await put('a', ['ghost']), 400, 'invalid dependencies'), /"ghost"/);
    await put('b', []);
    await put('a', ['b']);
    const message = assertRefused(await put('b', ['a']), 400, 'invalid dependencies');
    assert.match(message, /a -> b -> a|b -> a -> b/);
    assert.deepEqual((await services.get('b')).needs, []);
  });

  test('of two definitions that can not be together, one wins', async () => {
    const services = await make(world);
    const put = (name: string, body: object) =>
      services.sprite.api(`/services/${name}?duration=0`, { method: 'PUT', body: { ...sleeps, ...body } });
    const ports = await Promise.all([put('a', { http_port: 1 }), put('b', { http_port: 2 })]);
    assert.deepEqual(ports.map(({ status }) => status).sort(ascending), [200, 409]);
    const other = ports[0]?.status === 200 ? 'b' : 'a';
    assertRefused(
      ports.find(({ status }) => status === 409) as never,
      409,
      'another service already has an HTTP port configured',
    );
    // Freed with the field, at once.
    assert.equal((await put(other === 'a' ? 'b' : 'a', {})).status, 200);
    assert.equal((await put(other, { http_port: 3 })).status, 200);
    await Promise.all([put('x', {}), put('y', {})]);
    const circle = await Promise.all([put('x', { needs: ['y'] }), put('y', { needs: ['x'] })]);
    assert.deepEqual(circle.map(({ status }) => status).sort(ascending), [200, 400]);
  });

  test('starts at the same time are one', async () => {
    const services = await make(world);
    await services.sh('web', 'echo up; sleep 600', {}, 'duration=1s');
    await services.post('web', 'stop');
    const all = await Promise.all([1, 2, 3].map(() => services.post('web', 'start?duration=1s')));
    for (const lines of all) assert.equal(typesOf(lines)[0], 'started');
    assert.equal(outputOf(await services.logs('web', 'lines=1')), 'up\n');
    assert.equal((await services.logs('web')).length, 3);
  });

  test('start again with their sprite, when it is restarted and when its files are put back', async () => {
    const services = await make(world);
    const { sprite } = services;
    await services.put('db', sleeps);
    await services.put('app', { ...sleeps, needs: ['db'] });
    await services.put('idle', sleeps);
    await services.post('idle', 'stop');
    const again = async () => {
      const [db, app] = await eventually('both', async () => {
        const states = [(await services.get('db')).state, (await services.get('app')).state];
        return states.every(({ status }) => status === 'running') && states;
      });
      assert.ok(Date.parse(db?.started_at ?? '') <= Date.parse(app?.started_at ?? ''));
      assert.equal(app?.restart_count, undefined);
      assert.equal((await services.get('idle')).state.status, 'stopped');
      return app?.started_at;
    };
    const first = await again();
    assert.equal((await sprite.api('/restart', { body: {} })).status, 200);
    const second = await again();
    assert.notEqual(second, first);
    assert.match((await sprite.api('/checkpoint', { body: {} })).text, /Checkpoint v1 created/);
    assert.equal(await again(), second);
    const restored = await sprite.api('/checkpoints/v1/restore', { method: 'POST' });
    assert.match(restored.text, /Restored from v1/);
    assert.notEqual(await again(), second);
  });

  test('environment and folder are as asked for, over those of the sprite', async () => {
    const sprite = await TestSprite.create(world, { environment: { A: 'sprite', B: 'sprite' } });
    const services = new TestServices(sprite);
    const script = 'echo "$A $B $USER $LANG"; pwd; sleep 600';
    const lines = await services.sh('web', script, { env: { A: 'own' }, dir: 'sub/..' }, 'duration=1s');
    assert.match(typesOf(lines)[0] ?? '', /error|started/);
    await sprite.run('mkdir', 'sub');
    const again = await services.sh('web', script, { env: { A: 'own' }, dir: 'sub' }, 'duration=2s');
    assert.match(outputOf(again), /^own sprite sprite C\.UTF-8\n.*\/home\/sprite\/sub\n$/);
  });
});

const ascending = (a: number, b: number): number => a - b;

async function make(world: World): Promise<TestServices> {
  return new TestServices(await TestSprite.create(world));
}
