import { atLeast, type Bench, ifHere, NotHere, type Row } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { Docker } from '../parts/docker.ts';
import { eventLines, frameLines } from '../parts/log-streams.ts';
import { LineCount, numberedLines } from '../parts/numbered-lines.ts';
import { tiny } from '../parts/programs.ts';
import { type Template, templateOf } from '../parts/template.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { median, ratioOfMedians } from '../statistics.ts';

const rounds = 5;
const lines = 500_000;
const streamTimeoutMs = 120_000;
const service = 'numbers';

export const logs: Bench = {
  name: 'logs',
  method:
    `A program writes ${lines.toLocaleString('en')} numbered lines as fast as they are taken, and one reader ` +
    'follows from the start, over HTTP: Berth’s log stream, and the stream of the Docker Engine API that ' +
    '`docker logs -f` prints. Lines by the time from the first to the last, in turns, ' +
    `${rounds} rounds after one that does not count; a line that is missing, doubled or out of order is an error.`,

  async run(cleanUp) {
    const folder = await temporaryFolder(cleanUp);
    const berth = await Berth.start(cleanUp);
    const command = await numberedLines(lines);
    await berth.createService({ name: service, command });
    const docker = await ifHere(Docker.start(cleanUp));
    const template = await tinyTemplate(berth, folder);
    if (docker instanceof Docker) await docker.importImage(template);

    const rates = { berth: [] as number[], docker: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
      const ofBerth = await rateOfBerth(berth);
      const ofDocker = docker instanceof Docker ? await rateOfDocker(docker, template, command) : undefined;
      if (round === 0) continue;
      rates.berth.push(ofBerth);
      if (ofDocker !== undefined) rates.docker.push(ofDocker);
    }
    const row: Row = { what: 'log lines a second, written and followed', berth: perSecond(rates.berth) };
    if (docker instanceof NotHere) return [{ ...row, other: docker.message }];
    const ratio = ratioOfMedians(rates.berth, rates.docker);
    return [
      { ...row, other: `docker logs -f: ${perSecond(rates.docker)}`, ratio, budget: atLeast(2, ratio) },
    ];
  },
};

async function tinyTemplate(berth: Berth, folder: string): Promise<Template> {
  const program = await tiny(folder);
  await berth.createService(program);
  return templateOf(berth, program.name, folder);
}

async function rateOfBerth(berth: Berth): Promise<number> {
  const id = await berth.spawn(service);
  const count = new LineCount(lines);
  for await (const line of eventLines(await berth.followLogs(id, streamTimeoutMs))) count.take(line);
  return count.linesPerSecond;
}

async function rateOfDocker(docker: Docker, template: Template, command: readonly string[]): Promise<number> {
  const id = await docker.create(template, command);
  await docker.start(id);
  const count = new LineCount(lines);
  for await (const line of frameLines(await docker.followLogs(id, streamTimeoutMs))) count.take(line);
  await docker.remove(id);
  return count.linesPerSecond;
}

function perSecond(rates: readonly number[]): string {
  return `${Math.round(median(rates)).toLocaleString('en')}/s`;
}
