import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectionToken } from '../store.ts';
import { end, makeWorld, type StoreUnderTest, spawn } from './world.ts';

export function connectionTokenPromises(subject: StoreUnderTest): void {
  describe('a connection token', () => {
    test('is found by its backend and hash, as it was added', async t => {
      const world = await makeWorld(t, subject);
      const { backends } = world.store;
      const { id } = await spawn(world);
      const named: ConnectionToken = {
        ...newToken(id, 'a'),
        username: 'ada',
        userData: { groups: ['x'], n: 1.5 },
      };
      const bearer: ConnectionToken = { ...newToken(id, 'b'), kind: 'bearer' };
      for (const token of [named, bearer]) await backends.addConnectionToken(token);

      assert.deepEqual(await backends.connectionToken(id, 'a'), named);
      assert.deepEqual(await backends.connectionToken(id, 'b'), bearer);
      assert.equal(await backends.connectionToken(id, 'c'), undefined);
      assert.equal(await backends.connectionToken((await spawn(world)).id, 'a'), undefined);
    });

    test('outlives its backend, and is forgotten with it', async t => {
      const world = await makeWorld(t, subject);
      const { backends } = world.store;
      const { id } = await spawn(world);
      await backends.addConnectionToken(newToken(id, 'a'));
      await end(world.store, id);
      assert.deepEqual(await backends.connectionToken(id, 'a'), newToken(id, 'a'));
      await backends.deleteEndedBefore(new Date(Date.now() + 60_000), 10);
      assert.equal(await backends.connectionToken(id, 'a'), undefined);
    });
  });
}

function newToken(backendId: string, hash: string): ConnectionToken {
  return { backendId, hash, kind: 'connection', userData: null, secret: 's3cret' };
}
