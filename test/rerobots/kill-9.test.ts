import assert from 'node:assert/strict';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, forEachRuntime } from '../support/index.ts';
import { serveRepository } from './git-server.ts';
import { assertRefused, deploy, newPerson, newType, Person, unlimited } from './support.ts';

forEachRuntime(
  'workspaces and a server that is killed',
  { runtimes: ['oci'], settings: unlimited, concurrency: 1 },
  world => {
    const admin = new Person(world);

    test('what is ready stays ready, what waits keeps its place', async () => {
      const deployment = await deploy(world);
      const id = await admin.start(deployment);
      await admin.reaches(id, 'READY');
      const [one, two] = [await newPerson(world, 'one'), await newPerson(world, 'two')];
      const [first, second] = [await one.reserve(deployment), await two.reserve(deployment)];
      const before = await admin.instance(id);
      await world.server.kill();
      await world.server.start();
      assert.deepEqual(await admin.instance(id), before);
      const places = [...(await one.reservations()), ...(await two.reservations())];
      assert.deepEqual(
        places.map(item => [item.id, item.position]),
        [
          [first, 1],
          [second, 2],
        ],
      );
      await admin.terminate(id);
      await one.reaches(first, 'READY');
    });

    test('what becomes free while no server is there is handed over by the next one', async () => {
      const deployment = await deploy(world);
      const id = await admin.start(deployment, { expire_d: 4 });
      await admin.reaches(id, 'READY');
      const person = await newPerson(world, 'patient');
      const reservation = await person.reserve(deployment);
      await world.server.kill();
      await delay(4_000);
      await world.server.start();
      await admin.reaches(id, 'TERMINATED');
      await person.reaches(reservation, 'READY');
    });

    test('an end that was asked for goes on, whenever the server is killed after it', async () => {
      for (const afterMs of [0, 40]) {
        const deployment = await deploy(world);
        const id = await admin.start(deployment);
        await admin.reaches(id, 'READY');
        const reservation = await admin.reserve(deployment);
        await admin.terminate(id);
        await delay(afterMs);
        await world.server.kill();
        await world.server.start();
        await admin.reaches(id, 'TERMINATED');
        await admin.reaches(reservation, 'READY');
        await admin.api(`/berth/v1/workspace-deployments/${deployment}/dissolve`, { body: {} });
      }
    });

    test('a launch goes on under its id, whenever the server is killed after it was acknowledged', async () => {
      for (const afterMs of [0, 60]) {
        const deployment = await deploy(world);
        const answer = (await admin.ask(deployment)).ok<{ id: string; sshkey: string }>();
        await delay(afterMs);
        await world.server.kill();
        await world.server.start();
        await admin.reaches(answer.id, 'READY');
        assert.deepEqual((await admin.api(`/instance/${answer.id}/sshkey`)).ok(), { key: answer.sshkey });
        await admin.api(`/berth/v1/workspace-deployments/${deployment}/dissolve`, { body: {} });
      }
    });

    test('of requests that were under way each is a whole, and no deployment has two', async () => {
      const type = newType();
      const deployments = await Promise.all([1, 2, 3].map(() => deploy(world, { type })));
      const asked = Array.from({ length: 12 }, () =>
        admin.ask(type, { reserve: true, expire_d: 600 }).then(
          answer => (answer.status === 200 ? answer.ok<{ id: string; success: boolean }>() : undefined),
          () => undefined,
        ),
      );
      await delay(30);
      await world.server.kill();
      const told = (await Promise.all(asked)).filter(answer => answer !== undefined);
      await world.server.start();
      const { workspace_instances: active, workspace_deployments: used } = (
        await admin.api(`/instances/${type}`)
      ).ok<{ workspace_instances: string[]; workspace_deployments: string[] }>();
      assert.equal(new Set(used).size, used.length);
      const waiting = (await admin.reservations()).filter(({ filter }) => filter === `type:${type}`);
      const known = new Set([...active, ...waiting.map(({ id }) => id)]);
      for (const { id } of told) assert.ok(known.has(id), `${id} was acknowledged, and is lost`);
      if (waiting.length > 0) assert.equal(active.length, deployments.length);
      for (const id of deployments)
        await admin.api(`/berth/v1/workspace-deployments/${id}/dissolve`, { body: {} });
      assertRefused(await admin.ask(type), 400, 'workspace deployment is permanently unavailable');
    });
  },
);

forEachRuntime(
  'workspaces and a server that is stopped',
  { runtimes: ['process'], settings: unlimited, concurrency: 1 },
  world => {
    const admin = new Person(world);

    test('end with it where they can not go on; who waits is met by the next one', async () => {
      const deployment = await deploy(world);
      const id = await admin.start(deployment);
      await admin.reaches(id, 'READY');
      const reservation = await admin.reserve(deployment);
      await world.server.restart();
      await admin.reaches(id, 'TERMINATED');
      await admin.reaches(reservation, 'READY');
    });

    test('begin anew under their id where they were still on their way up', async t => {
      const folder = await mkdtemp(join(tmpdir(), 'berth-repo-'));
      t.after(() => rm(folder, { recursive: true }));
      const url = await serveRepository(t, { 'run.sh': 'test -e "$1" || { touch "$1"; sleep 600; }\n' });
      const seen = join(folder, 'seen');
      const id = await admin.start(await deploy(world), { repo: { url, path: `sh run.sh ${seen}` } });
      await eventually('the first run', () =>
        access(seen).then(
          () => true,
          () => false,
        ),
      );
      assert.equal((await admin.instance(id)).status, 'INIT');
      await world.server.restart();
      await admin.reaches(id, 'READY');
    });
  },
);
