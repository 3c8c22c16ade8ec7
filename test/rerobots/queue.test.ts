import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, forEachRuntime } from '../support/index.ts';
import { assertRefused, busyText, deploy, newPerson, newType, nobody, Person, unlimited } from './support.ts';

const settings = { ...unlimited, 'rerobots.max_reservations_per_user': 3 };

forEachRuntime('the queue for workspaces', { settings, runtimes: ['process'] }, world => {
  const admin = new Person(world);
  world.atEnd(async () => assert.deepEqual(world.server.faults, []));
  const change = (deployment: string, verb: string) =>
    admin.api(`/berth/v1/workspace-deployments/${deployment}/${verb}`, { body: {} });
  const rule = (deployment: string, user: string, cap: string) =>
    admin.api(`/deployment/${deployment}/rule`, { body: { user, cap } });

  test('who waits gets the workspace under the id of the reservation', async () => {
    const person = await newPerson(world, 'waits');
    const type = newType();
    const deployment = await deploy(world, { type });
    const busy = await admin.start(deployment);
    const id = await person.reserve(type, { expire_d: 300 });
    const [item, ...others] = await person.reservations();
    assert.ok(item);
    const { created, ...rest } = item;
    assert.match(String(created), /^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
    assert.deepEqual(rest, {
      id,
      desc: `type ${type}`,
      user: 'waits',
      filter: `type:${type}`,
      position: 1,
      eta: null,
    });
    assert.deepEqual(others, []);
    assert.equal((await admin.api(`/queuelen/${deployment}`)).ok().len, 2);
    assertRefused(await person.api(`/instance/${id}`), 404, 'instance not found');
    assertRefused(await admin.ask(deployment), 503, busyText);
    await admin.terminate(busy);
    const { expires } = await person.reaches(id, 'READY');
    assert.ok(expires);
    assert.deepEqual(await person.reservations(), []);
    assertRefused(await person.api(`/reservation/${id}`, { method: 'DELETE' }), 404, 'reservation not found');
  });

  test('they are met in their order, and nobody who comes new passes', async () => {
    const type = newType();
    const deployment = await deploy(world, { type });
    let running = await admin.start(deployment);
    const people = await Promise.all(['first', 'second', 'third'].map(name => newPerson(world, name)));
    const ids: string[] = [];
    for (const person of people) ids.push(await person.reserve(ids.length === 1 ? deployment : type));
    const stranger = await newPerson(world, 'pushes');
    let over = false;
    const pushing = (async () => {
      while (!over) assertRefused(await stranger.ask(type), 503, busyText);
    })();
    for (const [at, person] of people.entries()) {
      const waiting = await Promise.all(people.slice(at).map(async other => (await other.reservations())[0]));
      assert.deepEqual(
        waiting.map(item => item?.position),
        waiting.map((__, n) => n + 1),
      );
      await (at === 0 ? admin : (people[at - 1] ?? admin)).terminate(running);
      running = ids[at] ?? '';
      await person.reaches(running, 'READY');
    }
    over = true;
    await pushing;
  });

  test('who may not is skipped, keeps their place, and is met when they may again', async () => {
    const deployment = await deploy(world);
    const busy = await admin.start(deployment);
    const [one, two] = [await newPerson(world, 'revoked'), await newPerson(world, 'allowed')];
    const [first, second] = [await one.reserve(deployment), await two.reserve(deployment)];
    await rule(deployment, 'revoked', 'CAP_NO_INSTANTIATE');
    await admin.terminate(busy);
    await two.reaches(second, 'READY');
    const [item] = await one.reservations();
    assert.deepEqual([item?.id, item?.position, item?.blocked], [first, null, 'permission denied']);
    await two.terminate(second);
    await two.reaches(second, 'TERMINATED');
    await rule(deployment, 'revoked', 'CAP_INSTANTIATE');
    await one.reaches(first, 'READY');
  });

  test('a lock holds everybody up until it is taken back', async () => {
    const deployment = await deploy(world);
    const busy = await admin.start(deployment);
    const id = await admin.reserve(deployment);
    await change(deployment, 'lock');
    await admin.terminate(busy);
    await admin.reaches(busy, 'TERMINATED');
    const item = (await admin.reservations()).find(other => other.id === id);
    assert.deepEqual([item?.position, item?.blocked], [null, 'locked out']);
    await change(deployment, 'unlock');
    await admin.reaches(id, 'READY');
  });

  test('who waits for a type is met by a deployment that is added', async () => {
    const type = newType();
    await admin.start(await deploy(world, { type }));
    const id = await admin.reserve(type);
    const added = await deploy(world, { type });
    assert.equal((await admin.reaches(id, 'READY')).deployment, added);
  });

  test('a list is met by whichever is free first', async () => {
    const person = await newPerson(world, 'lists');
    const type = newType();
    const [a, b] = [await deploy(world, { type }), await deploy(world, { type })];
    const inA = await admin.start(a, { expire_d: 600 });
    const inB = await admin.start(b, { expire_d: 300 });
    const answer = await person.api('/new', { body: { wds: [a, b], reserve: true } });
    const { id } = answer.ok<{ id: string }>();
    const [item] = await person.reservations();
    assert.deepEqual([item?.desc, item?.filter], [`deployments ${a},${b}`, `wds:${a},${b}`]);
    assert.equal(item?.eta, (await admin.instance(inB)).expires);
    await admin.terminate(inA);
    assert.equal((await person.reaches(id, 'READY')).deployment, a);
    const single = (await person.api('/new', { body: { wds: [b], reserve: true } })).ok<{ id: string }>();
    assert.equal((await person.reservations())[0]?.filter, `wds:${b}`);
    assert.equal((await person.api(`/reservation/${single.id}`, { method: 'DELETE' })).status, 200);
  });

  test('a place is given up by its owner, once, and by nobody else', async () => {
    const deployment = await deploy(world);
    await admin.start(deployment);
    const [person, other] = [await newPerson(world, 'leaves'), await newPerson(world, 'meddles')];
    const id = await person.reserve(deployment);
    const drop = (by: Person, which = id) => by.api(`/reservation/${which}`, { method: 'DELETE' });
    assertRefused(await drop(other), 404, 'reservation not found');
    assertRefused(await drop(person, nobody), 404, 'reservation not found');
    const dropped = await drop(person);
    assert.deepEqual([dropped.status, dropped.text], [200, '']);
    assertRefused(await drop(person), 404, 'reservation not found');
    assert.equal((await admin.api(`/queuelen/${deployment}`)).ok().len, 1);
  });

  test('given up just when its turn comes, one of both happens', async () => {
    const person = await newPerson(world, 'wavers');
    for (let n = 0; n < 6; n++) {
      const deployment = await deploy(world);
      const busy = await admin.start(deployment);
      const id = await person.reserve(deployment);
      await admin.reaches(busy, 'READY');
      await admin.terminate(busy);
      await delay(n * 4);
      const dropped = await person.api(`/reservation/${id}`, { method: 'DELETE' });
      await admin.reaches(busy, 'TERMINATED');
      if (dropped.status === 200) {
        assertRefused(await person.api(`/instance/${id}`), 404, 'instance not found');
      } else {
        assertRefused(dropped, 404, 'reservation not found');
        await person.reaches(id, 'READY');
      }
      await change(deployment, 'dissolve');
    }
  });

  test('a place is over with its time, or with what it was for', async () => {
    const person = await newPerson(world, 'expires');
    const deployment = await deploy(world);
    const busy = await admin.start(deployment);
    const brief = await person.reserve(deployment, { reserve_d: 2 });
    const [item] = await person.reservations();
    assert.match(String(item?.expires), /^\d{4}-/);
    await eventually('its end', async () => (await person.reservations()).length === 0);
    const lasting = await person.reserve(deployment);
    await change(deployment, 'dissolve');
    assert.deepEqual(await person.reservations(), []);
    await admin.reaches(busy, 'TERMINATED');
    for (const id of [brief, lasting])
      assertRefused(await person.api(`/instance/${id}`), 404, 'instance not found');
  });

  test('nobody waits more often than they may', async () => {
    const person = await newPerson(world, 'often');
    const deployment = await deploy(world);
    await admin.start(deployment);
    for (let n = 0; n < 3; n++) await person.reserve(deployment);
    assertRefused(await person.ask(deployment, { reserve: true }), 400, 'too many reservations');
  });
});
