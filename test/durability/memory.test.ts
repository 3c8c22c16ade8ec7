import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { allEvents, cannotRun, eventually, type TestServer, World } from '../support/index.ts';
import { zombiesOf } from './traces.ts';

/** `MEMORY_SPAWNS=n` makes the run longer. The first 40 % warm the server up. */
const total = Number(process.env.MEMORY_SPAWNS ?? 80);
const warmUp = Math.round(total * 0.4);
/** Over how many backends figures are averaged: the heap goes up and down between two collections. */
const windowSize = Math.round(total * 0.15);
const atOnce = 10;
/** What allocators and caches may add; a leak of 20 KiB a backend would show in 300 of them. */
const allowedBytes = { resident: 12 * 1024 * 1024, heap: 4 * 1024 * 1024 };

test(`memory and descriptors of the server stay flat over ${total} backends`, {
  skip: cannotRun('oci') ?? false,
  timeout: 180_000 + total * 1_000,
}, async t => {
  const world = new World('oci');
  // Little room, so that garbage is collected often and a leak is seen early.
  const env = { NODE_OPTIONS: '--max-old-space-size=64 --max-semi-space-size=2' };
  await world.open({ settings: { 'jamsocket.stop_grace_seconds': 2 }, env });
  t.after(() => world.close(), { timeout: 180_000 });
  const { server } = world;
  await world.service('tiny.pl', { name: 'tiny', args: ['serve'] });

  const samples: Figures[] = [];
  const descriptors: number[] = [];
  let next = 0;
  for (const until of [warmUp, total]) {
    const worker = async (): Promise<void> => {
      while (next < until) {
        await useOne(world, next++);
        samples.push(await figuresOf(server));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    await eventually('the last clean-up', async () => (await server.liveWorkloads()) === 0);
    assert.deepEqual(await zombiesOf(server.pid), []);
    descriptors.push(await settledDescriptors(server));
  }
  const before = averageOf(samples.slice(warmUp - windowSize, warmUp));
  const after = averageOf(samples.slice(-windowSize));
  report(t, 'resident', before.resident, after.resident);
  report(t, 'heap', before.heap, after.heap);
  t.diagnostic(`descriptors: ${descriptors.join(' then ')}`);
  assert.ok(after.resident - before.resident < allowedBytes.resident, 'resident memory grows');
  assert.ok(after.heap - before.heap < allowedBytes.heap, 'the heap grows');
  assert.equal(descriptors[1], descriptors[0]);
  assert.deepEqual(server.faults, []);
});

interface Figures {
  readonly resident: number;
  readonly heap: number;
}

/** A whole life: followed from the start, reached, ended in one of three ways, its log read. */
async function useOne(world: World, n: number): Promise<void> {
  const way = (['swept', 'soft', 'hard'] as const)[n % 3];
  const backend = await world.spawn('tiny', {
    grace_period_seconds: way === 'swept' ? 0 : 60,
    ...(n % 2 === 0 && { lock: `lock-${n % 20}` }),
  });
  const states = backend.states();
  const log = world.server.openApi(`/backend/${backend.id}/logs`).then(response => allEvents(response));
  assert.equal((await backend.request('/')).status, 200);
  if (way !== 'swept') (await backend.terminate({ hard: way === 'hard' })).ok();
  assert.equal((await states).at(-1)?.state, way === 'swept' ? 'Swept' : 'Terminated');
  assert.deepEqual(
    (await log).map(({ data }) => data),
    ['listening'],
  );
}

async function figuresOf(server: TestServer): Promise<Figures> {
  const { text } = await server.api('/metrics', { token: null });
  const figure = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  return { resident: figure('process_resident_memory_bytes'), heap: figure('nodejs_heap_used_bytes') };
}

function averageOf(samples: readonly Figures[]): Figures {
  const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    resident: average(samples.map(({ resident }) => resident)),
    heap: average(samples.map(({ heap }) => heap)),
  };
}

/** Its lowest number of open descriptors in a while: connections are closed a moment after their last use. */
async function settledDescriptors(server: TestServer): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  let same = 0;
  await eventually('a steady number of descriptors', async () => {
    const now = (await readdir(`/proc/${server.pid}/fd`)).length;
    same = now < lowest ? 0 : same + 1;
    lowest = Math.min(lowest, now);
    return same > 100;
  });
  return lowest;
}

function report(t: TestContext, what: string, before: number, after: number): void {
  const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  t.diagnostic(`${what}: ${mebibytes(before)} MiB after ${warmUp}, ${mebibytes(after)} MiB after ${total}`);
}
