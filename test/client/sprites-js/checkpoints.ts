import assert from 'node:assert/strict';
import { test } from 'node:test';
import { all } from './sdk.ts';
import type { SdkUser } from './user.ts';

export function checkpointCases(user: SdkUser): void {
  test('checkpoints are made, listed, described and restored', async () => {
    const sprite = await user.sprite();
    const files = sprite.filesystem('/home/sprite');
    assert.deepEqual(await sprite.listCheckpoints(), []);
    await files.writeFile('f', 'first');
    const made = await all(await sprite.createCheckpoint('the first'));
    assert.deepEqual([made.at(-1)?.type, made.at(-1)?.data], ['complete', 'Checkpoint v1 created']);
    await files.writeFile('f', 'second');
    await all(await sprite.createCheckpoint());
    const list = await sprite.listCheckpoints();
    assert.deepEqual(
      list.map(({ id, comment, isAuto }) => [id, comment ?? '', isAuto]),
      [
        ['v2', '', false],
        ['v1', 'the first', false],
      ],
    );
    const one = await sprite.getCheckpoint('v1');
    assert.equal(one.comment, 'the first');
    assert.ok(one.createTime.getTime() > 0);
    const restored = await all(await sprite.restoreCheckpoint('v1'));
    assert.deepEqual([restored.at(-1)?.type, restored.at(-1)?.data], ['complete', 'Restored from v1']);
    assert.equal(await files.readFile('f', 'utf8'), 'first');
    assert.deepEqual(
      (await sprite.listCheckpoints('v2')).map(({ id }) => id),
      ['v2'],
    );
    await assert.rejects(sprite.getCheckpoint('v9'), /Checkpoint not found: v9/);
    await assert.rejects(sprite.restoreCheckpoint('v9'), /status 404/);
  });
}
