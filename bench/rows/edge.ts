import { atLeast, atMost, type Bench } from '../bench.ts';
import { Berth } from '../parts/berth.ts';
import { type RunningProxy, smallAnswers, startHaproxy, startHttpProxy3 } from '../parts/proxies.ts';
import { temporaryFolder } from '../parts/temporary.ts';
import { requireTools } from '../parts/tools.ts';
import { type LoadFigures, measureLoad } from '../parts/wrk.ts';
import { median, ratioOfMedians } from '../statistics.ts';

const rounds = 7;

export const edge: Bench = {
  name: 'edge',
  method:
    'Answers of 15 bytes from one workload: through the edge, and through HAProxy (1 thread) and http-proxy-3, ' +
    'which bring requests to the workload’s address. wrk (1 thread, 32 connections) asks for 2 s, in turns, ' +
    `${rounds} rounds after one that does not count. CPU is what the kernel counts for the proxy’s process.`,

  async run(cleanUp) {
    await requireTools('wrk', 'haproxy');
    const folder = await temporaryFolder(cleanUp);
    const server = await Berth.start(cleanUp);
    const program = await smallAnswers(folder);
    await server.createService(program);
    const id = await server.spawn(program.name);
    await server.visit(id);
    const target = await server.addressOf(id);

    const url = `http://127.0.0.1:${server.place.port}/`;
    const berth = new Contender({ pid: server.pid, url }, server.hostOf(id));
    const haproxy = new Contender(await startHaproxy(cleanUp, folder, target));
    const httpProxy3 = new Contender(await startHttpProxy3(cleanUp, target));
    for (let round = 0; round <= rounds; round++) {
      for (const contender of [berth, haproxy, httpProxy3]) await contender.measure(round > 0);
    }

    const cpuToHaproxy = ratioOfMedians(berth.cpus, haproxy.cpus);
    const rateToHttpProxy3 = ratioOfMedians(berth.rates, httpProxy3.rates);
    return [
      {
        what: 'edge, CPU of a small answer',
        berth: microseconds(berth),
        other: `HAProxy: ${microseconds(haproxy)}`,
        ratio: cpuToHaproxy,
        budget: atMost(3, cpuToHaproxy),
      },
      {
        what: 'edge, CPU of a small answer',
        berth: microseconds(berth),
        other: `http-proxy-3: ${microseconds(httpProxy3)}`,
        ratio: ratioOfMedians(httpProxy3.cpus, berth.cpus),
      },
      {
        what: 'edge, small answers a second',
        berth: rate(berth),
        other: `http-proxy-3: ${rate(httpProxy3)}`,
        ratio: rateToHttpProxy3,
        budget: atLeast(2, rateToHttpProxy3),
      },
      {
        what: 'edge, small answers a second',
        berth: rate(berth),
        other: `HAProxy: ${rate(haproxy)}`,
        ratio: ratioOfMedians(berth.rates, haproxy.rates),
      },
    ];
  },
};

class Contender {
  readonly #proxy: RunningProxy;
  readonly #host: string;
  readonly #figures: LoadFigures[] = [];

  constructor(proxy: RunningProxy, host = 'workload') {
    this.#proxy = proxy;
    this.#host = host;
  }

  async measure(counts: boolean): Promise<void> {
    const { pid, url } = this.#proxy;
    const figures = await measureLoad(pid, { url, headers: { Host: this.#host } });
    if (counts) this.#figures.push(figures);
  }

  get cpus(): number[] {
    return this.#figures.map(({ cpuMicroseconds }) => cpuMicroseconds);
  }

  get rates(): number[] {
    return this.#figures.map(({ requestsPerSecond }) => requestsPerSecond);
  }
}

function microseconds({ cpus }: Contender): string {
  return `${median(cpus).toFixed(1)} µs`;
}

function rate({ rates }: Contender): string {
  return `${median(rates).toFixed(0)}/s`;
}
