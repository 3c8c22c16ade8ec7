import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { RuntimeError } from '../runtime.ts';
import { cannotRun, TestWorld, traces } from './test-world.ts';

describe('the oci runtime', { skip: cannotRun }, () => {
  test('leaves no mount, namespace, link, group, rule, process or file behind', async () => {
    await using world = await TestWorld.make();
    const before = await traces(world.dataDir);
    assert.deepEqual(before.processes, []);
    await Promise.all([
      world.run({ id: 'one', command: ['sleep', '100'] }),
      world.run({ id: 'two', command: ['sh', '-c', 'echo x >/tmp/x; sleep 100 & wait'] }),
      world.create({ id: 'three', command: ['sleep', '100'] }),
    ]);
    const during = await traces(world.dataDir);
    for (const [kind, found] of Object.entries(during))
      assert.notEqual(found.length, 0, `${kind} are counted`);
    // Root file systems are mounted where the host does not see them.
    assert.deepEqual(
      during.mounts?.filter(line => !line.includes('/run/netns/')),
      [],
    );
    await Promise.all(['one', 'two', 'three'].map(id => world.runtime.remove(id)));
    const left = await traces(world.dataDir);
    assert.deepEqual([left.processes, left.files], [[], []]);
    await world.close();
    for (const [kind, found] of Object.entries(await traces(world.dataDir)))
      assert.deepEqual(found, [], kind);
    await rm(world.dataDir, { recursive: true });
  });

  test('leaves nothing of a workload whose command does not exist, and says so', async () => {
    await using world = await TestWorld.make();
    await assert.rejects(world.run({ id: 'one', command: ['no-such-program'] }), error => {
      assert.ok(error instanceof RuntimeError);
      assert.equal(error.code, 'start-error');
      assert.equal(error.message, 'command not found: no-such-program');
      return true;
    });
    await assert.rejects(world.run({ id: 'two', command: ['/etc'] }), /command is not executable: \/etc/);
    await assert.rejects(world.run({ id: 'three', command: [] }), /no command/);
    await assert.rejects(
      world.run({ id: 'four', command: ['true'], directory: '/no/such/folder' }),
      /directory to run in does not exist/,
    );
    const left = await traces(world.dataDir);
    assert.deepEqual([left.processes, left.files], [[], []]);
  });

  test('removes a workload whose state the OCI runtime can not read any more', async () => {
    await using world = await TestWorld.make();
    await world.run({ id: 'one', command: ['sleep', '100'] });
    await writeFile(join(world.dataDir, 'oci/state/one/state.json'), '{');
    await world.runtime.remove('one');
    await world.close();
    for (const [kind, found] of Object.entries(await traces(world.dataDir)))
      assert.deepEqual(found, [], kind);
  });

  test('can remove what is not there, and the same workload twice', async () => {
    await using world = await TestWorld.make();
    await world.runtime.remove('nobody');
    await world.run({ id: 'one', command: ['sleep', '100'] });
    await Promise.all([world.runtime.remove('one'), world.runtime.remove('one')]);
    await world.run({ id: 'one', command: ['sleep', '100'] });
  });
});
