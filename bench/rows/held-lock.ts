import { atLeast, type Bench } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { tiny } from '../parts/programs.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { requireTools } from '../parts/tools.ts';
import { type LoadFigures, measureLoad } from '../parts/wrk.ts';
import { median } from '../statistics.ts';

const rounds = 5;
const lock = 'held';

export const heldLock: Bench = {
  name: 'held-lock',
  method:
    'A backend holds a lock; wrk (1 thread, 32 connections) spawns with the same lock for 2 s, ' +
    `${rounds} rounds after one that does not count. The figure for one core is one second by the CPU time that ` +
    'the server spends on a request, so that what else runs on the machine does not change it.',

  async run(cleanUp) {
    await requireTools('wrk');
    const berth = await Berth.start(cleanUp);
    const program = await tiny(await temporaryFolder(cleanUp));
    await berth.createService(program);
    const holder = await berth.spawn(program.name, { lock });
    await berth.visit(holder);

    const figures: LoadFigures[] = [];
    for (let round = 0; round <= rounds; round++) {
      const measured = await measureLoad(berth.pid, {
        url: `http://127.0.0.1:${berth.place.port}${berth.spawnPath(program.name)}`,
        headers: { authorization: `Bearer ${berth.token}` },
        body: JSON.stringify({ lock }),
      });
      if (round > 0) figures.push(measured);
    }
    if ((await berth.spawn(program.name, { lock })) !== holder) throw new Error('the lock changed hands');

    const cpuMicroseconds = median(figures.map(figure => figure.cpuMicroseconds));
    const measured = median(figures.map(figure => figure.requestsPerSecond));
    const perCore = 1_000_000 / cpuMicroseconds;
    return [
      {
        what: 'spawns answered from a held lock, a second of one core',
        berth: `${perCore.toFixed(0)}/s (${cpuMicroseconds.toFixed(0)} µs CPU each; ${measured.toFixed(0)}/s seen)`,
        budget: atLeast(5000, perCore, '/s'),
      },
    ];
  },
};
