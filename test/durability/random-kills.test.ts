import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { cannotRun, World } from '../support/index.ts';
import { Chaos } from './chaos.ts';
import { OutsideView } from './outside-view.ts';
import { SeededRandom } from './seeded-random.ts';
import { assertNothing, traces } from './traces.ts';

/** `SEED=n` plays a run again as far as the machine does, `ROUNDS=n` makes it longer or shorter. */
const seed = Number(process.env.SEED ?? randomInt(1_000_000));
const rounds = Number(process.env.ROUNDS ?? 3);

const poolSize = 2;
const stopGraceMs = 1_000;
const startupTimeoutMs = 5_000;
/** Nothing may be on its way for longer: starting up, then a soft stop, and the time that the machine takes. */
const settleMs = startupTimeoutMs + stopGraceMs + 30_000;

test(`${rounds} kills at random moments lose nothing and leave nothing behind`, {
  skip: cannotRun('oci') ?? false,
  timeout: 180_000 + rounds * 40_000,
}, async t => {
  const world = new World('oci');
  await world.open({
    settings: {
      'network.pool_size': poolSize,
      'jamsocket.stop_grace_seconds': stopGraceMs / 1000,
      'jamsocket.startup_timeout_seconds': startupTimeoutMs / 1000,
      'jamsocket.lock_wait_seconds': 5,
    },
  });
  t.after(() => world.close(), { timeout: 180_000 });
  const { server } = world;
  const chaos = new Chaos(world, new SeededRandom(seed));
  const view = new OutsideView(server, chaos, { poolSize, settleMs });
  const restartsMs: number[] = [];
  const settlingMs: number[] = [];

  await chaos.createServices();
  for (let round = 1; round <= rounds; round += 1) {
    try {
      await chaos.disturbAndKill();
      const from = performance.now();
      await chaos.start();
      restartsMs.push(performance.now() - from);
      await view.everythingSettles();
      settlingMs.push(performance.now() - from);
      await view.check();
    } catch (error) {
      throw new Error(`round ${round}; play it again with SEED=${seed} ROUNDS=${round}`, { cause: error });
    }
  }
  t.diagnostic(`seed ${seed}, ${rounds} rounds, ${chaos.summary()}`);
  t.diagnostic(`restart ${summary(restartsMs)}; all settled after ${summary(settlingMs)}`);

  await server.endWorkloads();
  await server.stop();
  const left = await traces(server.dataDir, { ids: chaos.ids });
  assertNothing({ ...left, folders: left.folders.filter(path => !path.startsWith('logs/')) });
  assert.deepEqual(server.faults, []);
});

function summary(timesMs: readonly number[]): string {
  const average = timesMs.reduce((sum, ms) => sum + ms, 0) / timesMs.length;
  return `${Math.round(average)} ms, at most ${Math.round(Math.max(...timesMs))} ms`;
}
