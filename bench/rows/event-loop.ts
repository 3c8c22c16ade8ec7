import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { atMost, type Bench } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import type { LongestBlocks } from '../parts/event-loop-probe.ts';
import { eventLines } from '../parts/log-streams.ts';
import { LineCount, numberedLines } from '../parts/numbered-lines.ts';
import { tiny } from '../parts/programs.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { exists, until } from '../parts/until.ts';

const backends = 50;
const lines = 100_000;
const streamTimeoutMs = 60_000;
const probe = join(import.meta.dirname, '../parts/event-loop-probe.ts');

export const eventLoop: Bench = {
  name: 'event-loop',
  method:
    `A timer of 1 ms inside the server, while ${backends} backends are spawned at once and visited, a log of ` +
    `${lines.toLocaleString('en')} lines is followed, and all are ended. The longest time between two of its ` +
    'calls for which the thread was running; a start-up of the server does not count.',

  async run(cleanUp) {
    const folder = await temporaryFolder(cleanUp);
    const file = join(folder, 'event-loop.json');
    const berth = await Berth.start(cleanUp, {
      NODE_OPTIONS: `--import=${probe}`,
      BERTH_BENCH_EVENT_LOOP: file,
    });
    const program = await tiny(folder);
    await berth.createService(program);
    await berth.createService({ name: 'numbers', command: await numberedLines(lines) });
    await berth.visit(await berth.spawn(program.name));

    await longestBlocks(berth, file);
    await Promise.all([followLog(berth), spawnMany(berth, program.name)]);
    await berth.endAll();
    const { wallMs, cpuMs } = await longestBlocks(berth, file);
    return [
      {
        what: 'longest block of the event loop',
        berth: `${cpuMs.toFixed(1)} ms (${wallMs.toFixed(1)} ms with what else the machine did)`,
        budget: atMost(10, cpuMs, ' ms'),
      },
    ];
  },
};

/** Since the last call. */
async function longestBlocks(berth: Berth, file: string): Promise<LongestBlocks> {
  await rm(file, { force: true });
  process.kill(berth.pid, 'SIGUSR2');
  await until('the word of the server', () => exists(file));
  return JSON.parse(await readFile(file, 'utf8')) as LongestBlocks;
}

async function followLog(berth: Berth): Promise<void> {
  const id = await berth.spawn('numbers');
  const count = new LineCount(lines);
  for await (const line of eventLines(await berth.followLogs(id, streamTimeoutMs))) count.take(line);
}

async function spawnMany(berth: Berth, service: string): Promise<void> {
  const ids = await Promise.all(Array.from({ length: backends }, () => berth.spawn(service)));
  await Promise.all(ids.map(id => berth.visit(id)));
}
