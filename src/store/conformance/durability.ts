import assert from 'node:assert/strict';
import { spawn as spawnProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { randomId } from '../../lib/ids.ts';
import type { Store } from '../store.ts';
import {
  after,
  end,
  makeWorld,
  newAccount,
  newBackend,
  newService,
  type StoreUnderTest,
  spawn,
} from './world.ts';

const acknowledgementsBeforeKill = 300;
const writerLimitMs = 20_000;

export function durabilityPromises(subject: StoreUnderTest): void {
  describe('a store that is opened again', () => {
    test('has everything that was there', async t => {
      const world = await makeWorld(t, subject);
      const lock = { scope: 'acme/editor', name: 'room 1' };
      const live = await spawn(world, { lock });
      const ended = await spawn(world);
      await end(world.store, ended.id);
      const token = {
        backendId: live.id,
        hash: 'h',
        kind: 'connection',
        userData: null,
        secret: 's',
      } as const;
      await world.store.backends.addConnectionToken(token);
      const look = async (store: Store) => ({
        accounts: await store.accounts.list(),
        services: await store.services.list(world.account.id),
        holder: await store.backends.holder(lock),
        live: await store.backends.live(),
        ended: await store.backends.get(ended.id),
        history: await store.journal.history(ended.id),
        token: await store.backends.connectionToken(live.id, 'h'),
      });

      const before = await look(world.store);
      const store = await world.reopen();

      assert.deepEqual(await look(store), before);
      assert.deepEqual(before.token, token);
    });
  });

  describe('a store that is closed', () => {
    test('has finished the writes that were under way, and takes no more', async t => {
      const world = await makeWorld(t, subject);
      const { store, service } = world;
      const underWay = Array.from({ length: 200 }, () => store.backends.spawn(newBackend(service)));
      const reopened = await world.reopen();
      await Promise.all(underWay);
      assert.equal((await reopened.backends.live()).length, 200);

      await assert.rejects(store.ping());
      await assert.rejects(store.backends.spawn(newBackend(service)));
      await reopened.ping();
    });
  });

  describe('a server that is killed while it writes', () => {
    test('loses nothing that was acknowledged and leaves nothing half done', async t => {
      const world = await makeWorld(t, subject);
      await world.store.close();
      const acknowledged = await killWhileWriting(subject.writer, world.directory);
      const store = await world.reopen();

      for (const { id, lockName, seq } of acknowledged) {
        const holder = await store.backends.holder({ scope: 'killed', name: lockName });
        assert.equal(holder?.id, id);
        assert.ok((await store.journal.history(id)).some(entry => entry.seq === seq));
      }
      for (const backend of await store.backends.live()) {
        const history = await store.journal.history(backend.id);
        assert.equal(history[0]?.status, 'scheduled');
        assert.deepEqual(history.at(-1), backend.latest);
        assert.equal(backend.lock && (await store.backends.holder(backend.lock))?.id, backend.id);
      }
    });
  });
}

interface Acknowledgement {
  readonly id: string;
  readonly lockName: string;
  readonly seq: number;
}

/** Spawns and appends without end, eight at a time, with a line on stdout for each that was acknowledged. */
export async function writeUntilKilled(store: Store): Promise<void> {
  const account = newAccount(`writer-${randomId()}`);
  await store.accounts.create(account);
  const service = newService(account, 'killed');
  await store.services.create(service);

  const write = async (writer: number): Promise<void> => {
    for (let count = 0; ; count++) {
      const lockName = `${writer}.${count}`;
      const { backend } = await store.backends.spawn(
        newBackend(service, { lock: { scope: 'killed', name: lockName } }),
      );
      const entry = await store.journal.append({
        workloadId: backend.id,
        status: 'loading',
        at: after(count),
      });
      const line: Acknowledgement = { id: backend.id, lockName, seq: entry?.seq ?? 0 };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
}

async function killWhileWriting(program: URL, directory: string): Promise<Acknowledgement[]> {
  const writer = spawnProcess(process.execPath, [fileURLToPath(program), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: writerLimitMs,
    killSignal: 'SIGKILL',
  });
  const acknowledged: Acknowledgement[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    // The last line may be cut off by the kill.
    if (!line.endsWith('}')) break;
    acknowledged.push(JSON.parse(line) as Acknowledgement);
    if (acknowledged.length === acknowledgementsBeforeKill) writer.kill('SIGKILL');
  }
  assert.ok(acknowledged.length >= acknowledgementsBeforeKill, 'the writer ended before it was killed');
  return acknowledged;
}
