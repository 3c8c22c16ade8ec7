import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, forEachRuntime } from '../support/index.ts';
import { EventReceiver } from './event-receiver.ts';
import { deploy, newPerson, Person, unlimited } from './support.ts';

const settings = { ...unlimited, 'rerobots.eurl.allow': '127.0.0.1' };

forEachRuntime('events about workspaces', { settings, runtimes: ['process'] }, world => {
  const admin = new Person(world);
  world.atEnd(async () => assert.deepEqual(world.server.faults, []));

  test('tell each step in its order, and no key where it could be read on the way', async t => {
    const receiver = await EventReceiver.start(t);
    const deployment = await deploy(world);
    const answer = await admin.ask(deployment, { eurl: ` ${receiver.url('/hook?x=1')} ` });
    const { id } = answer.ok<{ id: string }>();
    await admin.reaches(id, 'READY');
    await admin.terminate(id);
    const events = await receiver.have(3);
    const common = { id, wd: deployment, kind: 'instance status', user: 'admin' };
    assert.deepEqual(
      events.map(({ body }) => body),
      ['INIT', 'READY', 'TERMINATED'].map(val => ({ ...common, val })),
    );
    assert.deepEqual(
      new Set(events.map(({ path, type }) => `${path} ${type}`)),
      new Set(['/hook?x=1 application/json']),
    );
    assert.equal(new Set(events.map(event => event.id)).size, 3);
  });

  test('tell of a launch that failed', async t => {
    const receiver = await EventReceiver.start(t);
    const repo = { url: 'http://127.0.0.1:1/nothing.git' };
    await admin.start(await deploy(world), { eurl: receiver.url(), repo });
    const [, failed] = await receiver.have(2);
    assert.equal(failed?.body.val, 'INIT_FAIL');
  });

  test('tell what becomes of a reservation', async t => {
    const receiver = await EventReceiver.start(t);
    const person = await newPerson(world, 'told');
    const deployment = await deploy(world);
    const busy = await admin.start(deployment);
    const eurl = receiver.url();
    const brief = await person.reserve(deployment, { eurl, reserve_d: 1 });
    const met = await person.reserve(deployment, { eurl });
    const late = await person.reserve(deployment, { eurl });
    const [expired] = await receiver.have(1, brief);
    assert.deepEqual(expired?.body, { id: brief, kind: 'reservation status', val: 'EXPIRED', user: 'told' });
    await admin.terminate(busy);
    const [begun] = await receiver.have(1, met);
    assert.deepEqual(begun?.body, {
      id: met,
      wd: deployment,
      kind: 'instance status',
      val: 'INIT',
      user: 'told',
      reservation: true,
    });
    await admin.api(`/berth/v1/workspace-deployments/${deployment}/dissolve`, { body: {} });
    const [dissolved] = await receiver.have(1, late);
    assert.equal(dissolved?.body.val, 'DISSOLVED');
  });

  test('are told again when they were not taken, before the next one; redirects are not followed', async t => {
    const receiver = await EventReceiver.start(t);
    receiver.answers.push(500, 302);
    const id = await admin.start(await deploy(world), { eurl: receiver.url() });
    await admin.reaches(id, 'READY');
    const events = await receiver.have(4);
    assert.deepEqual(
      events.map(({ body }) => body.val),
      ['INIT', 'INIT', 'INIT', 'READY'],
    );
    assert.equal(new Set(events.slice(0, 3).map(event => event.id)).size, 1);
    assert.ok(events.every(({ path }) => path === '/'));
  });
});

forEachRuntime(
  'events and a server that is killed',
  { settings, runtimes: ['oci'], concurrency: 1 },
  world => {
    test('are told by the next one', async t => {
      const receiver = await EventReceiver.start(t);
      const admin = new Person(world);
      receiver.answers.push(503);
      const id = await admin.start(await deploy(world), { eurl: receiver.url() });
      await admin.reaches(id, 'READY');
      await receiver.have(1);
      await world.server.kill();
      await world.server.start();
      const events = await eventually('the last event', () =>
        receiver.received.some(({ body }) => body.val === 'READY') ? receiver.received : undefined,
      );
      const [first, ...others] = events.filter(({ body }) => body.val === 'INIT');
      assert.ok(others.length > 0 && others.every(({ id: same }) => same === first?.id));
    });
  },
);
