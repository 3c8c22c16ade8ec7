import { atMost, type Bench } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { calm } from '../parts/calm.ts';
import { Docker } from '../parts/docker.ts';
import { tiny } from '../parts/programs.ts';
import { Sandbox } from '../parts/sandbox.ts';
import { templateOf } from '../parts/template.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { milliseconds, ratioOfMedians } from '../statistics.ts';

const rounds = 10;
const atOnce = 20;
/** In a round; 1,000 in all. */
const ofBerth = 100;
const ofDocker = 40;

export const exec: Bench = {
  name: 'exec',
  method:
    `\`echo\` in a running sandbox over HTTP, and by the Docker Engine API (create, start, inspect) in a running ` +
    `container with the same mounts and limits, ${atOnce} at a time, in turns: ${rounds} rounds of ${ofBerth} and ` +
    `${ofDocker} after one that does not count, each when the processors are idle. From the first request to the ` +
    'end of the output; an output that is not whole is an error.',

  async run(cleanUp) {
    const folder = await temporaryFolder(cleanUp);
    const berth = await Berth.start(cleanUp);
    const program = await tiny(folder);
    await berth.createService(program);
    const template = await templateOf(berth, program.name, folder);
    const docker = await Docker.start(cleanUp);
    await docker.importImage(template);
    const container = await docker.create(template);
    await docker.start(container);
    const sandbox = await Sandbox.create(berth, 'bench');
    cleanUp.defer(() => sandbox.destroy());

    const [times, dockerTimes]: [number[], number[]] = [[], []];
    for (let round = 0; round <= rounds; round++) {
      const mine = await timeEach(ofBerth, word => sandbox.exec('echo', word));
      const others = await timeEach(ofDocker, word => docker.exec(container, 'echo', word));
      if (round === 0) continue;
      times.push(...mine);
      dockerTimes.push(...others);
    }
    const ratio = ratioOfMedians(times, dockerTimes);
    return [
      {
        what: `exec of echo, ${atOnce} at a time`,
        berth: milliseconds(times),
        other: `Docker: ${milliseconds(dockerTimes)}`,
        ratio,
        budget: atMost(2, ratio),
      },
    ];
  },
};

/** How long each took, ms. */
async function timeEach(count: number, echo: (word: string) => Promise<string>): Promise<number[]> {
  await calm();
  const times: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const word = `word-${next++}`;
      const began = performance.now();
      const said = await echo(word);
      times.push(performance.now() - began);
      if (!said.includes(`${word}\n`))
        throw new Error(`the output of echo ${word} was ${JSON.stringify(said)}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return times;
}
