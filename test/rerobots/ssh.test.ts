import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { forEachRuntime, type World } from '../support/index.ts';
import { SshUser } from './ssh-user.ts';
import { assertRefused, deploy, newPerson, Person, unlimited } from './support.ts';

const settings = { ...unlimited, 'rerobots.ssh.ports': '22100-22999' };

/** A workspace that is ready, and its key. */
async function start(world: World): Promise<{ id: string; user: SshUser }> {
  const admin = new Person(world);
  const answer = await admin.ask(await deploy(world));
  const { id, sshkey } = answer.ok<{ id: string; sshkey: string }>();
  const instance = await admin.reaches(id, 'READY');
  return { id, user: await SshUser.make(instance, sshkey) };
}

const isNobodyLetIn = { code: 255 };

forEachRuntime('the way into a workspace', { settings }, world => {
  const admin = new Person(world);

  test('is closed until a rule opens it, and again when that is gone', async () => {
    const { id, user } = await start(world);
    await using _ = user;
    assert.deepEqual((await admin.api(`/firewall/${id}`)).ok(), { rules: [] });
    await assert.rejects(user.ssh('true'), isNobodyLetIn);
    const opened = await admin.api(`/firewall/${id}`, { method: 'POST' });
    assert.deepEqual([opened.status, opened.text], [200, '']);
    assert.deepEqual((await admin.api(`/firewall/${id}`)).ok(), { rules: [['127.0.0.1/32', 'ACCEPT']] });
    assert.equal(await user.ssh('echo $REROBOTS_INSTANCE'), `${id}\n`);
    await assert.rejects(user.ssh('exit 3'), { code: 3 });

    const { ended } = await user.stay();
    assert.equal((await admin.api(`/firewall/${id}`, { method: 'DELETE' })).status, 200);
    assert.equal(await ended, 255);
    assert.deepEqual((await admin.api(`/firewall/${id}`)).ok(), { rules: [] });
    await assert.rejects(user.ssh('true'), isNobodyLetIn);
  });

  test('takes files in and out, and begins in a home of its own', async () => {
    const { id, user } = await start(world);
    await using _ = user;
    await admin.api(`/firewall/${id}`, { method: 'POST' });
    const content = randomBytes(300_000);
    await writeFile(join(user.folder, 'up'), content);
    await user.scp(join(user.folder, 'up'), ':data');
    assert.equal(await user.ssh('wc -c < data'), '300000\n');
    await user.scp(':data', join(user.folder, 'down'));
    assert.deepEqual(await readFile(join(user.folder, 'down')), content);
  });

  test('has rules in order, of which bad ones change nothing', async () => {
    const { id, user } = await start(world);
    await using _ = user;
    const post = (body: object) => admin.api(`/firewall/${id}`, { body });
    for (const rule of [
      { src: '10.1.2.3/8', action: 'DROP' },
      { src: '0.0.0.0/0', action: 'REJECT' },
      { src: '127.0.0.1' },
    ])
      assert.equal((await post(rule)).status, 200);
    const rules = [
      ['10.0.0.0/8', 'DROP'],
      ['0.0.0.0/0', 'REJECT'],
      ['127.0.0.1/32', 'ACCEPT'],
    ];
    await assert.rejects(user.ssh('true'), isNobodyLetIn);
    const subnet = 'value for option `src` must be an IPv4 address or subnet in CIDR notation';
    for (const src of ['300.1.1.1', '1.2.3.4/33', 'example.com', '']) {
      assertRefused(await post({ src }), 400, subnet);
    }
    assertRefused(await post({ src: 7 }), 400, 'value for option `src` has wrong type');
    assertRefused(await post({ action: 'accept' }), 400, 'value for option `action` not recognized');
    const other = await newPerson(world, 'stranger');
    assertRefused(await other.api(`/firewall/${id}`), 404, 'instance not found');
    assertRefused(await other.api(`/firewall/${id}`, { method: 'DELETE' }), 404, 'instance not found');
    assert.deepEqual((await admin.api(`/firewall/${id}`)).ok(), { rules });

    await admin.terminate(id);
    await admin.reaches(id, 'TERMINATED');
    assertRefused(await post({}), 400, 'instance not active');
  });
});

forEachRuntime('the way into a workspace over a kill', { settings, runtimes: ['oci'] }, world => {
  test('keeps its port, its keys and its rules', async () => {
    const admin = new Person(world);
    const { id, user } = await start(world);
    await using _ = user;
    await admin.api(`/firewall/${id}`, { method: 'POST' });
    await user.ssh('echo kept > note');
    const before = await admin.instance(id);
    await world.server.kill();
    await world.server.restart();
    const after = await admin.reaches(id, 'READY');
    assert.deepEqual(
      [after.hostkeys, (after.fwd as { port: number }).port],
      [before.hostkeys, (before.fwd as { port: number }).port],
    );
    assert.equal(await user.ssh('cat note'), 'kept\n');
  });
});
