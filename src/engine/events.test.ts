import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { engineWorld } from './testing/world.ts';

test('a follower gets the history and then what comes, without gap or repeat, and ends', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'waiting');
  const seen = (async () => {
    const statuses: string[] = [];
    for await (const { status } of world.engine.journal.follow(backend.id)) statuses.push(status);
    return statuses;
  })();
  await world.reaches(backend.id, 'ready');
  await world.engine.backends.terminate(backend.id, 'soft');
  assert.deepEqual(await seen, await world.history(backend.id));
  assert.equal((await seen).at(-1), 'terminated');
});

test('a follower that is slow misses nothing', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  const statuses: string[] = [];
  for await (const { status } of world.engine.journal.follow(backend.id)) {
    statuses.push(status);
    if (status === 'scheduled') {
      await world.reaches(backend.id, 'ready');
      await world.engine.backends.terminate(backend.id, 'hard');
      await world.reaches(backend.id, 'terminated');
    }
    await turn();
  }
  assert.deepEqual(statuses, await world.history(backend.id));
});

test('a follower that has seen a part gets the rest', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn();
  await world.reaches(backend.id, 'terminated');
  const [first, ...rest] = await world.engine.journal.history(backend.id);
  const seen: number[] = [];
  for await (const { seq } of world.engine.journal.follow(backend.id, { afterSeq: first?.seq ?? 0 })) {
    seen.push(seq);
  }
  assert.deepEqual(
    seen,
    rest.map(({ seq }) => seq),
  );
});

test('a follower that is called off ends at once', async t => {
  const world = await engineWorld(t);
  const { backend } = await world.spawn('listens');
  await world.reaches(backend.id, 'ready');
  const gone = new AbortController();
  for await (const { status } of world.engine.journal.follow(backend.id, { signal: gone.signal })) {
    if (status === 'ready') gone.abort();
  }
  assert.equal((await world.history(backend.id)).at(-1), 'ready');
});
