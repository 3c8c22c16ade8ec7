import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '../../../lib/errors.ts';
import type { ListeningPort, Runtime } from '../../../runtime/runtime.ts';
import type { Power } from '../power.ts';
import { Ports } from './ports.ts';

const web: ListeningPort = { port: 80, address: '0.0.0.0', pid: 7, lineage: [7, 1] };
const own: ListeningPort = { port: 5432, address: '127.0.0.1', pid: 8, lineage: [8, 1] };

/** A sandbox that executes, with what it listens on. */
class World {
  listening: ListeningPort[] = [web];
  looks = 0;
  uses = 0;
  state = 'running';
  readonly ports: Ports;

  constructor(able = true) {
    const runtime = {
      name: 'test',
      ...(able && {
        listeningPorts: async () => {
          this.looks++;
          return this.listening;
        },
      }),
    };
    const stateNow = () => this.state;
    const power = {
      workloadId: 'w',
      get state() {
        return stateNow();
      },
    };
    this.ports = new Ports({
      runtime: runtime as unknown as Runtime,
      sandbox: {
        power: power as Power,
        use: async () => {
          this.uses++;
          return { workloadId: 'w', release: () => void this.uses-- };
        },
      },
    });
  }

  async watch(): Promise<{ news: string[]; ports: readonly ListeningPort[]; stop: () => void }> {
    const news: string[] = [];
    const watched = await this.ports.watch({
      opened: ({ port }) => news.push(`opened ${port}`),
      closed: ({ port }) => news.push(`closed ${port}`),
    });
    return { news, ...watched };
  }
}

test('who watches is told what there is, then each change once', async () => {
  const world = new World();
  const { news, ports, stop } = await world.watch();
  assert.deepEqual(ports, [web]);
  world.listening = [web, own];
  await until(() => news.length === 1);
  const second = await world.watch();
  assert.deepEqual(second.ports, [web, own]);
  world.listening = [own];
  await until(() => news.length === 2 && second.news.length === 1);
  assert.deepEqual([news, second.news], [['opened 5432', 'closed 80'], ['closed 80']]);
  stop();
  second.stop();
});

test('a sandbox that does not execute listens nowhere', async () => {
  const world = new World();
  const { news, stop } = await world.watch();
  world.state = 'stopping';
  await until(() => news.length === 1);
  world.state = 'running';
  await until(() => news.length === 2);
  assert.deepEqual(news, ['closed 80', 'opened 80']);
  stop();
});

test('a watch keeps its sandbox awake; nothing is looked for when nobody watches', async () => {
  const world = new World();
  const first = await world.watch();
  const second = await world.watch();
  assert.equal(world.uses, 2);
  first.stop();
  first.stop();
  second.stop();
  assert.equal(world.uses, 0);
  const { looks } = world;
  await delay(700);
  assert.ok(world.looks <= looks + 1);
  const again = await world.watch();
  assert.deepEqual(again.ports, [web]);
  again.stop();
});

test('who follows is told what is known, then each change, and wakes nobody', async () => {
  const world = new World();
  const news: string[] = [];
  const stop = world.ports.follow({
    opened: ({ port }) => news.push(`opened ${port}`),
    closed: ({ port }) => news.push(`closed ${port}`),
  });
  assert.equal(world.looks, 0);
  await until(() => news.length === 1);
  const later: string[] = [];
  const stopLater = world.ports.follow({
    opened: ({ port }) => later.push(`opened ${port}`),
    closed: () => later.push('closed'),
  });
  assert.deepEqual([news, later, world.uses], [['opened 80'], ['opened 80'], 0]);
  stopLater();
  world.listening = [];
  await until(() => news.length === 2);
  assert.deepEqual([news, later], [['opened 80', 'closed 80'], ['opened 80']]);
  stop();
  assert.doesNotThrow(new World(false).ports.follow({ opened() {}, closed() {} }));
});

test('another process at the same place is another port', async () => {
  const world = new World();
  const { news, stop } = await world.watch();
  world.listening = [{ ...web, pid: 9 }];
  await until(() => news.length === 2);
  assert.deepEqual(news, ['closed 80', 'opened 80']);
  stop();
});

test('a runtime that can not look inside says so', async () => {
  const world = new World(false);
  const refused = (error: unknown): boolean => error instanceof BerthError && error.code === 'unsupported';
  await assert.rejects(world.watch(), refused);
  await assert.rejects(
    world.ports.connect({ host: 'localhost', port: 80 }, AbortSignal.timeout(1_000)),
    refused,
  );
  assert.equal(world.uses, 0);
});

async function until(condition: () => boolean): Promise<void> {
  const limit = performance.now() + 20_000;
  while (!condition()) {
    assert.ok(performance.now() < limit, 'it did not come');
    await delay(10);
  }
}
