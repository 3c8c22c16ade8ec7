import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { accepts, askMirror, mirror } from './programs.ts';
import { node, sharedWorld, type World } from './world.ts';

const workloads = 100;
const atOnce = 10;

export function removalPromises(subject: URL): void {
  describe('a workload that is removed', () => {
    const world = sharedWorld(subject);

    test('ends first', async () => {
      const { id, address } = await world().run({ command: node(mirror) });
      await askMirror(address);
      await world().runtime.remove(id);
      assert.equal(await accepts(address), false);
    });

    test('can be removed again, started or not', async () => {
      const created = await world().create({ command: ['true'] });
      const ended = await world().run({ command: ['true'] });
      await world().exit(ended.id);
      for (const id of [created.id, ended.id, 'unknown']) {
        await world().runtime.remove(id);
        await world().runtime.remove(id);
      }
    });

    test('leaves its log', async () => {
      const { id } = await world().run({ command: node("console.log('still here')") });
      await world().exit(id);
      await world().runtime.remove(id);
      assert.deepEqual(await world().lines(id), ['still here']);
    });

    test('leaves nothing else, however many there were', async () => {
      const before = await files(world());
      const some = async (): Promise<void> => {
        for (let count = 0; count < workloads / atOnce; count++) {
          const { id } = await world().create({ command: ['true'] });
          if (count === 0) await world().runtime.start(id);
          await world().runtime.remove(id);
          await world().logs.remove(id);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, some));
      assert.deepEqual(await files(world()), before);
    });
  });
}

/** All of the data directory but the logs. */
async function files({ dataDir }: World): Promise<string[]> {
  const all = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const paths = all.map(entry => join(entry.parentPath, entry.name));
  return paths.filter(path => !path.startsWith(join(dataDir, 'logs'))).sort();
}
