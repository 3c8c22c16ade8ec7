import { atLeast, atMost, type Bench, ifHere, NotHere, type Row } from '../bench.ts';
import { Bare } from '../parts/bare.ts';
import { Berth, type Program } from '../parts/berth.ts';
import { calm } from '../parts/calm.ts';
import { Docker } from '../parts/docker.ts';
import { firstAnswer } from '../parts/http.ts';
import { hello, tiny, workloadPort } from '../parts/programs.ts';
import { type Template, templateOf } from '../parts/template.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { milliseconds, ratioOfMedians } from '../statistics.ts';

const rounds = 15;

export const spawn: Bench = {
  name: 'spawn',
  method:
    'From the API call to the first answer with status 200: through the edge for Berth; at the container’s own ' +
    'address, asked every 2 ms, for the Docker Engine API (create, start, inspect) and for conmon with runc and ' +
    'the configuration that Berth writes (folder and namespace are there before). The same program, mounts and ' +
    `limits, in turns, ${rounds} rounds after one that does not count, each when the processors are idle. ` +
    '`tiny` is up at once, so that it shows what Berth and Docker add, and the budget beside Docker is about it; ' +
    'most of a spawn of `hello` is the start of Node itself, which both sides have.',

  async run(cleanUp) {
    const folder = await temporaryFolder(cleanUp);
    const berth = await Berth.start(cleanUp);
    const bare = await Bare.open(cleanUp);
    const docker = await ifHere(Docker.start(cleanUp));
    const rows: Row[] = [];
    for (const program of [hello, await tiny(folder)]) {
      await berth.createService(program);
      const template = await templateOf(berth, program.name, folder);
      if (docker instanceof Docker) await docker.importImage(template);
      rows.push(...(await compare(program, template, { berth, bare, docker })));
    }
    return rows;
  },
};

interface Contenders {
  readonly berth: Berth;
  readonly bare: Bare;
  readonly docker: Docker | NotHere;
}

async function compare(
  program: Program,
  template: Template,
  { berth, bare, docker }: Contenders,
): Promise<Row[]> {
  const times = { berth: [] as number[], docker: [] as number[], bare: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const ofBerth = await timeOfBerth(berth, program);
    const ofDocker = docker instanceof Docker ? await timeOfDocker(docker, template) : undefined;
    const ofBare = await timeOfBare(bare, template);
    if (round === 0) continue;
    times.berth.push(ofBerth);
    times.bare.push(ofBare);
    if (ofDocker !== undefined) times.docker.push(ofDocker);
  }

  const what = `spawn of ${program.name} to its first 200`;
  const toBare = ratioOfMedians(times.berth, times.bare);
  const row = { what, berth: milliseconds(times.berth) };
  const beside: Row = {
    ...row,
    other: `conmon + runc: ${milliseconds(times.bare)}`,
    ratio: toBare,
    budget: atMost(1.5, toBare),
  };
  if (docker instanceof NotHere) return [{ what, notMeasured: `Docker: ${docker.message}` }, beside];
  const toDocker = ratioOfMedians(times.docker, times.berth);
  const other = `Docker: ${milliseconds(times.docker)}`;
  const judged = program.startsAtOnce && { budget: atLeast(4, toDocker) };
  return [{ ...row, other, ratio: toDocker, ...judged }, beside];
}

async function timeOfBerth(berth: Berth, { name }: Program): Promise<number> {
  await calm();
  const startedAt = performance.now();
  const id = await berth.spawn(name);
  await berth.visit(id);
  const ms = performance.now() - startedAt;
  await berth.terminate(id);
  return ms;
}

async function timeOfDocker(docker: Docker, template: Template): Promise<number> {
  await calm();
  const startedAt = performance.now();
  const id = await docker.create(template);
  await docker.start(id);
  await firstAnswer(await docker.address(id), workloadPort);
  const ms = performance.now() - startedAt;
  await docker.remove(id);
  return ms;
}

async function timeOfBare(bare: Bare, template: Template): Promise<number> {
  const container = await bare.prepare(template);
  await calm();
  const startedAt = performance.now();
  await bare.start(container);
  await firstAnswer(bare.address, workloadPort);
  const ms = performance.now() - startedAt;
  await bare.remove();
  return ms;
}
