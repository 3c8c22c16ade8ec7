import { atMost, type Bench } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { calm } from '../parts/calm.ts';
import { Sandbox } from '../parts/sandbox.ts';
import { median, milliseconds } from '../statistics.ts';

const rounds = 5;
const calmLimitMs = 10_000;
const budgetMs = 3_000;

/** 200 folders of 100 files of 25 kB, all different. */
const fill = `
const { mkdirSync, writeFileSync } = require('node:fs');
const { randomBytes } = require('node:crypto');
for (let folder = 0; folder < 200; folder++) {
  mkdirSync('data/' + folder, { recursive: true });
  for (let file = 0; file < 100; file++) writeFileSync('data/' + folder + '/' + file, randomBytes(25_000));
}`;

export const checkpoint: Bench = {
  name: 'checkpoint',
  method:
    'A sandbox with 20,000 files of 25 kB: the first checkpoint, which copies all; then, after a change of 100 files, ' +
    `${rounds} rounds of a checkpoint and its restore, boot included, which may link what is the same (or share its ` +
    'blocks, where the file system can), each when the processors are idle.',

  async run(cleanUp) {
    const berth = await Berth.start(cleanUp);
    const sandbox = await Sandbox.create(berth, 'bench');
    cleanUp.defer(() => sandbox.destroy());
    await sandbox.exec('node', '-e', fill);
    const timed = async (task: () => Promise<unknown>): Promise<number> => {
      await calm(calmLimitMs);
      const began = performance.now();
      await task();
      return performance.now() - began;
    };

    const first = await timed(() => sandbox.checkpoint());
    const [made, restored]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      await sandbox.exec('sh', '-c', `for n in $(seq 0 99); do echo ${round} > data/${round}/$n; done`);
      let id = '';
      made.push(
        await timed(async () => {
          id = await sandbox.checkpoint();
        }),
      );
      restored.push(await timed(() => sandbox.restore(id)));
    }
    return [
      { what: 'first checkpoint of 500 MB in 20,000 files', berth: `${first.toFixed(0)} ms` },
      {
        what: 'a further checkpoint of it',
        berth: milliseconds(made),
        budget: atMost(budgetMs, median(made), ' ms'),
      },
      {
        what: 'its restore',
        berth: milliseconds(restored),
        budget: atMost(budgetMs, median(restored), ' ms'),
      },
    ];
  },
};
