import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime } from '../support/index.ts';
import { assertRefused, TestSprite } from './support.ts';

interface Line {
  readonly type: string;
  readonly data?: string;
  readonly error?: string;
}

async function stream(sprite: TestSprite, path: string, body: object = {}): Promise<Line[]> {
  const answer = await sprite.api(path, { method: 'POST', body });
  assert.equal(answer.status, 200, answer.text);
  return answer.text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Line);
}

async function checkpoint(sprite: TestSprite, comment?: string): Promise<string> {
  const last = (await stream(sprite, '/checkpoint', comment === undefined ? {} : { comment })).at(-1);
  assert.equal(last?.type, 'complete', JSON.stringify(last));
  return /^Checkpoint (v\d+) created$/.exec(last.data ?? '')?.[1] ?? '';
}

forEachRuntime('checkpoints of a sprite', {}, world => {
  test('are made while it runs and restored with what was written then', async () => {
    const sprite = await TestSprite.create(world);
    await sprite.run('sh', '-c', 'echo one > f; mkdir d; echo kept > d/g');
    assert.equal(await checkpoint(sprite, 'before'), 'v1');
    await sprite.run('sh', '-c', 'echo two > f; rm -r d; echo new > h');
    if (world.runtime === 'oci') {
      const before = await sprite.run('cat', '/.sprite/checkpoints/v1/home/sprite/f');
      assert.deepEqual([before.stdout, before.exitCode], ['one\n', 0]);
      assert.notEqual((await sprite.run('touch', '/.sprite/checkpoints/v1/x')).exitCode, 0);
    }
    const lines = await stream(sprite, '/checkpoints/v1/restore');
    assert.deepEqual([lines[0]?.type, lines.at(-1)?.data], ['info', 'Restored from v1']);
    assert.equal((await sprite.run('sh', '-c', 'cat f d/g; ls')).stdout, 'one\nkept\nd\nf\n');
    assert.equal(await sprite.status(), 'running');
  });

  test('are listed newest first with where they come from, and their ids are not given again', async () => {
    const sprite = await TestSprite.create(world);
    assert.deepEqual((await sprite.api('/checkpoints')).ok(), []);
    for (const comment of ['first', undefined, 'third']) await checkpoint(sprite, comment);
    const list = (await sprite.api('/checkpoints')).ok<
      { id: string; comment?: string; source_id?: string }[]
    >();
    assert.deepEqual(
      list.map(({ id, comment, source_id: source }) => [id, comment, source]),
      [
        ['v3', 'third', 'v2'],
        ['v2', undefined, 'v1'],
        ['v1', 'first', undefined],
      ],
    );
    assertRefused(await sprite.api('/checkpoints/v3', { method: 'DELETE' }), 409, 'checkpoint in use');
    assert.equal((await sprite.api('/checkpoints/v2', { method: 'DELETE' })).status, 204);
    assertRefused(await sprite.api('/checkpoints/v2'), 404, 'checkpoint not found');
    assert.equal(await checkpoint(sprite), 'v4');
    const history = (await sprite.api('/checkpoints?history=v3')).ok<{ id: string }[]>();
    assert.deepEqual(
      history.map(({ id }) => id),
      ['v4', 'v3'],
    );
  });

  test('that are not there are told, and only one is made at a time', async () => {
    const sprite = await TestSprite.create(world);
    for (const id of ['v1', 'v0', 'x', 'v1a']) {
      assertRefused(await sprite.api(`/checkpoints/${id}`), 404, 'checkpoint not found');
      const restore = await sprite.api(`/checkpoints/${id}/restore`, { method: 'POST' });
      assertRefused(restore, 404, 'checkpoint not found');
    }
    const asked = await Promise.all(
      [1, 2, 3].map(() => sprite.api('/checkpoint', { method: 'POST', body: {} })),
    );
    const statuses = asked.map(({ status }) => status);
    assert.ok(statuses.includes(200), statuses.join());
    assert.ok(
      statuses.every(status => status === 200 || status === 409),
      statuses.join(),
    );
    const long = await sprite.api('/checkpoint', { method: 'POST', body: { comment: 'x'.repeat(5_000) } });
    assertRefused(long, 400, 'invalid request body');
  });
});
