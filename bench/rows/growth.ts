import { atMost, type Bench } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { calm } from '../parts/calm.ts';
import { tiny } from '../parts/programs.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { milliseconds, ratioOfMedians } from '../statistics.ts';

const few = 10;
const many = 500;
const samples = 15;
/** Backends that are spawned or ended at the same time while the number is changed. */
const atOnce = 8;

export const growth: Bench = {
  name: 'growth',
  method:
    `Spawn to first 200 through the edge with ${few} workloads running, then with ${many}, then with ${few} again ` +
    `(both times with ${few} count together), ${samples} spawns each, one after the other, each when the processors are idle.`,

  async run(cleanUp) {
    const berth = await Berth.start(cleanUp);
    const program = await tiny(await temporaryFolder(cleanUp));
    await berth.createService(program);
    const running: string[] = [];
    const times = { few: [] as number[], many: [] as number[] };

    await grow(berth, program.name, running, few);
    times.few.push(...(await spawnTimes(berth, program.name)));
    await grow(berth, program.name, running, many);
    times.many.push(...(await spawnTimes(berth, program.name)));
    await shrink(berth, running, few);
    times.few.push(...(await spawnTimes(berth, program.name)));

    const ratio = ratioOfMedians(times.many, times.few);
    return [
      {
        what: `spawn with ${many} workloads running`,
        berth: milliseconds(times.many),
        other: `with ${few}: ${milliseconds(times.few)}`,
        ratio,
        budget: atMost(1.3, ratio),
      },
    ];
  },
};

async function grow(berth: Berth, service: string, running: string[], count: number): Promise<void> {
  while (running.length < count) {
    const missing = Math.min(atOnce, count - running.length);
    const ids = await Promise.all(Array.from({ length: missing }, () => berth.spawn(service)));
    await Promise.all(ids.map(id => berth.visit(id)));
    running.push(...ids);
  }
}

async function shrink(berth: Berth, running: string[], count: number): Promise<void> {
  while (running.length > count) {
    const ids = running.splice(Math.max(count, running.length - atOnce));
    await Promise.all(ids.map(id => berth.terminate(id)));
  }
}

async function spawnTimes(berth: Berth, service: string): Promise<number[]> {
  const times: number[] = [];
  while (times.length < samples) {
    await calm();
    const startedAt = performance.now();
    const id = await berth.spawn(service);
    await berth.visit(id);
    times.push(performance.now() - startedAt);
    await berth.terminate(id);
  }
  return times;
}
