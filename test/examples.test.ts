import assert from 'node:assert/strict';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WebSocket } from 'ws';
import { eventually, forEachRuntime, type TestBackend, type World } from './support/index.ts';

const examples = join(import.meta.dirname, '../examples');

interface Room {
  readonly room: string;
  readonly count: number;
  readonly people: number;
}

forEachRuntime('the examples', {}, world => {
  test('hello greets, counts its requests, writes a log, and ends when it is asked to', async () => {
    const backend = await spawnExample(world, 'hello', { lock: 'my-document', env: { GREETING: 'Ahoy' } });
    for (const expected of [1, 2]) {
      const { text } = await backend.request('/some/page');
      assert.match(text, /^Ahoy from a backend of your own\./);
      assert.match(text, new RegExp(`backend +${backend.id}\n +key +my-document\n +requests +${expected}\n`));
    }
    await backend.terminate();
    const [first, ...rest] = await backend.log();
    assert.match(first ?? '', /^listening on port \d+$/);
    assert.deepEqual(rest, ['GET /some/page', 'GET /some/page', 'asked to end']);
    assert.equal((await backend.status()).state, 'Terminated');
  });

  test('counter is shared by all in a room, and each room has its own', async () => {
    await access(join(examples, 'counter/node_modules/ws')); // npm ci --prefix examples/counter
    const room = await spawnExample(world, 'counter', { lock: 'room-1' });
    const same = await world.spawn('counter', { lock: 'room-1' });
    const other = await world.spawn('counter', { lock: 'room-2' });
    assert.equal(same.id, room.id);
    assert.notEqual(other.id, room.id);

    const [ann, bob, zoe] = await Promise.all([enter(room), enter(same), enter(other)]);
    await ann.sees({ room: 'room-1', count: 0, people: 2 });
    ann.add();
    bob.add();
    bob.add();
    await Promise.all([ann, bob].map(person => person.sees({ room: 'room-1', count: 3, people: 2 })));
    await zoe.sees({ room: 'room-2', count: 0, people: 1 });
    bob.leave();
    await ann.sees({ room: 'room-1', count: 3, people: 1 });

    assert.match((await room.request('/')).text, /<html/);
    await room.terminate();
    assert.equal(await ann.closed, 1001);
    await room.reaches('Terminated');
    zoe.leave();
  });
});

async function spawnExample(world: World, name: string, body: object): Promise<TestBackend> {
  const service = { name, command: 'node', args: ['server.js'], dir: join(examples, name) };
  (await world.api('/user/admin/service', { body: service })).ok();
  return await world.spawn(name, body);
}

/** Somebody in a room. */
class Person {
  readonly closed: Promise<number>;
  latest: Room | undefined;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise(resolve => socket.once('close', resolve));
    socket.on('message', message => {
      this.latest = JSON.parse((message as Buffer).toString()) as Room;
    });
  }

  add(): void {
    this.#socket.send('add');
  }

  leave(): void {
    this.#socket.close();
  }

  async sees(expected: Room): Promise<void> {
    await eventually(
      JSON.stringify(expected),
      () => JSON.stringify(this.latest) === JSON.stringify(expected),
    );
  }
}

async function enter(room: TestBackend): Promise<Person> {
  const socket = room.openingWebSocket();
  const person = new Person(socket);
  await once(socket, 'open');
  return person;
}
