import { rm } from 'node:fs/promises';
import { atMost, type Bench, type Row } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { calm } from '../parts/calm.ts';
import { Docker, type PushPlace } from '../parts/docker.ts';
import { type RunningRegistry, startDockerRegistry } from '../parts/docker-registry.ts';
import { makeImageArchive } from '../parts/image-archive.ts';
import { forgetPeakMemory, peakMemoryBytes } from '../parts/process.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { median, milliseconds, ratioOfMedians } from '../statistics.ts';

const rounds = 6;
const layers = 3;
const layerBytes = 100 * 1000 * 1000;
const mebibyte = 1024 * 1024;
const calmLimitMs = 5_000;

export const registry: Bench = {
  name: 'registry',
  method:
    `\`docker push\` (the Engine API’s, which compresses) of a new image with ${layers} layers of 100 MB of random bytes ` +
    'each, to Berth and to Debian’s docker-registry with its files in a folder of its own; the one first in one round ' +
    `is second in the next, ${rounds} rounds after one that does not count, each when the processors are idle. ` +
    'Memory is the most that was resident (RSS) during all pushes, less what was before the first. ' +
    'Each image is spawned as soon as it was pushed to Berth, and once more when that has ended: from the API call ' +
    'to the first answer with status 200 through the edge.',

  async run(cleanUp) {
    const folder = await temporaryFolder(cleanUp);
    const berth = await Berth.start(cleanUp);
    const docker = await Docker.start(cleanUp);
    const other = await startDockerRegistry(cleanUp);
    const [ofBerth, ofOther] = [await watch(new ToBerth(berth)), await watch(new ToOther(other))];
    const inTurn = [ofBerth, ofOther];
    const spawns: Spawns = { first: [], second: [] };
    for (let round = 0; round <= rounds; round++) {
      const name = `berth-bench-push:${round}`;
      const archive = await makeImageArchive(folder, { name, layers, layerBytes });
      await docker.loadImage(archive);
      await rm(archive);
      for (const { target, times } of round % 2 === 0 ? inTurn : inTurn.toReversed()) {
        const place = await target.prepare(round);
        await calm(calmLimitMs);
        const ms = await docker.push(name, place);
        if (round > 0) times.push(ms);
        if (target !== ofBerth.target) continue;
        const [first, second] = [await spawnOnce(berth, round), await spawnOnce(berth, round)];
        if (round === 0) continue;
        spawns.first.push(first);
        spawns.second.push(second);
      }
      await docker.removeImage(name);
    }
    return [...(await rowsOf(ofBerth, ofOther)), ...spawnRows(spawns)];
  },
};

interface Spawns {
  readonly first: number[];
  readonly second: number[];
}

async function spawnOnce(berth: Berth, round: number): Promise<number> {
  const began = performance.now();
  const id = await berth.spawn(serviceOf(round));
  await berth.visit(id);
  const ms = performance.now() - began;
  await berth.terminate(id);
  return ms;
}

function spawnRows({ first, second }: Spawns): Row[] {
  return [
    {
      what: 'first spawn of an image of 300 MB, right after its push',
      berth: milliseconds(first),
      budget: atMost(3_000, median(first), ' ms'),
    },
    { what: 'its second spawn', berth: milliseconds(second) },
  ];
}

function serviceOf(round: number): string {
  return `pushed-${round}`;
}

interface Target {
  readonly pid: number;
  prepare(round: number): Promise<PushPlace>;
}

class ToBerth implements Target {
  readonly pid: number;
  readonly #berth: Berth;

  constructor(berth: Berth) {
    this.#berth = berth;
    this.pid = berth.pid;
  }

  async prepare(round: number): Promise<PushPlace> {
    const name = serviceOf(round);
    await this.#berth.createImageService(name);
    const user = { name: 'admin', password: this.#berth.token };
    return { repository: `127.0.0.1:${this.#berth.place.port}/admin/${name}`, user };
  }
}

class ToOther implements Target {
  readonly pid: number;
  readonly #registry: RunningRegistry;

  constructor(running: RunningRegistry) {
    this.#registry = running;
    this.pid = running.pid;
  }

  async prepare(round: number): Promise<PushPlace> {
    return { repository: `${this.#registry.host}/admin/${serviceOf(round)}` };
  }
}

interface Watched {
  readonly target: Target;
  readonly times: number[];
  readonly bytesBefore: number;
}

async function watch(target: Target): Promise<Watched> {
  await forgetPeakMemory(target.pid);
  return { target, times: [], bytesBefore: await peakMemoryBytes(target.pid) };
}

async function rowsOf(berth: Watched, other: Watched): Promise<Row[]> {
  const ratio = ratioOfMedians(berth.times, other.times);
  const mib = await growthMib(berth);
  const otherMib = await growthMib(other);
  return [
    {
      what: 'docker push of 300 MB',
      berth: milliseconds(berth.times),
      other: `docker-registry: ${milliseconds(other.times)}`,
      ratio,
      budget: atMost(1.3, ratio),
    },
    {
      what: 'growth of memory by these pushes',
      berth: `${mib.toFixed(1)} MiB`,
      other: `docker-registry: ${otherMib.toFixed(1)} MiB`,
      ratio: mib / otherMib,
      budget: atMost(60, mib, ' MiB'),
    },
  ];
}

async function growthMib({ target, bytesBefore }: Watched): Promise<number> {
  return ((await peakMemoryBytes(target.pid)) - bytesBefore) / mebibyte;
}
