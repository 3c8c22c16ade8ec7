import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Checkpointable, isCheckpointable, isPausable, type Runtime } from '../runtime.ts';
import { isRuntimeError, outputOf, sharedWorld } from './world.ts';

const account = { name: 'sprite', uid: 1_000, gid: 1_000, home: '/home/sprite' } as const;
const { signal } = new AbortController();

export function checkpointPromises(subject: URL): void {
  describe('a checkpoint of a root', () => {
    const world = sharedWorld(subject);
    let runtime: Runtime & Checkpointable;
    before(() => {
      if (!isCheckpointable(world().runtime)) throw new Error('the runtime has no checkpoints');
      runtime = world().runtime as Runtime & Checkpointable;
    });
    const sh = (id: string, script: string) => outputOf(world(), id, ['sh', '-c', `cd "$HOME"; ${script}`]);

    test('is what the root goes back to', async () => {
      const plan = { root: 'box', idle: true, account } as const;
      const { id } = await world().run(plan);
      await sh(id, 'echo one >file; mkdir -p a/b; echo x >a/b/gone; ln -s file link');
      const { bytes } = await runtime.createCheckpoint('box', 'v1', { signal });
      assert.ok(bytes > 0);
      await sh(id, 'echo two >file; rm -r a; echo y >new');
      await assert.rejects(runtime.restoreCheckpoint('box', 'v1'), isRuntimeError('conflict'));
      await runtime.remove(id);
      await runtime.restoreCheckpoint('box', 'v1');
      const restored = await world().run(plan);
      assert.equal(await sh(restored.id, 'cat link a/b/gone; ls'), 'one\nx\na\nfile\nlink\n');
      await sh(restored.id, 'echo three >>file');
      assert.deepEqual(await runtime.listCheckpoints('box'), ['v1']);
      await runtime.createCheckpoint('box', 'v2', { since: 'v1', signal });
      await runtime.remove(restored.id);
      await runtime.restoreCheckpoint('box', 'v2');
      await runtime.removeCheckpoint('box', 'v1');
      await runtime.removeCheckpoint('box', 'v1');
      const last = await world().run(plan);
      assert.equal(await sh(last.id, 'cat file'), 'one\nthree\n');
      assert.deepEqual(await runtime.listCheckpoints('box'), ['v2']);
    });

    test('is made while programs write, and has what they wrote before they were paused', async () => {
      const { id } = await world().run({ root: 'busy', idle: true, account });
      const writer = await runtime.exec(id, {
        command: ['sh', '-c', 'cd "$HOME"; n=0; while :; do n=$((n+1)); echo $n >a; echo $n >b; done'],
      });
      await sh(id, 'until [ -s b ]; do sleep 0.01; done');
      const pause = async () => void (isPausable(runtime) && (await runtime.pause(id)));
      const resume = async () => void (isPausable(runtime) && (await runtime.resume(id)));
      await runtime.createCheckpoint('busy', 'v1', { pause, resume, signal });
      writer.kill('SIGKILL');
      await writer.exited;
      await runtime.remove(id);
      await runtime.restoreCheckpoint('busy', 'v1');
      const restored = await world().run({ root: 'busy', idle: true, account });
      // A file that was just emptied to be written again counts as the number that comes next.
      const [a = 0, b = 0] = (await sh(restored.id, 'echo $(cat a):$(cat b)')).split(':').map(Number);
      assert.ok(a === 0 || b === 0 || a === b || a === b + 1, `${a} and ${b}`);
    });

    test('goes with its root', async () => {
      await runtime.createRoot('short');
      await runtime.createCheckpoint('short', 'v1', { signal });
      await runtime.removeRoot('short');
      assert.deepEqual(await runtime.listCheckpoints('short'), []);
      await assert.rejects(runtime.restoreCheckpoint('short', 'v1'), isRuntimeError('not-found'));
      await assert.rejects(runtime.createCheckpoint('short', 'v1', { signal }), isRuntimeError('not-found'));
    });

    test('has a name that can be a folder', async () => {
      await runtime.createRoot('named');
      for (const name of ['..', '', 'a/b']) {
        await assert.rejects(
          runtime.createCheckpoint('named', name, { signal }),
          isRuntimeError('not-found'),
        );
        assert.throws(() => runtime.checkpointPath('named', name), isRuntimeError('not-found'));
      }
    });
  });
}
