import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { cannotRun, eventually, type TestBackend, World } from '../support/index.ts';
import { endOf, journalOf } from './journal.ts';
import { LogReader } from './log-reader.ts';
import { type ContainedProcess, processesOfWorkload } from './traces.ts';

const backendCount = 20;
/** Those that end by themselves while the server is away, with these codes; the next one is killed. */
const exitCodes = [0, 3, 7, 42];
const stopGraceMs = 8_000;
const lineEveryMs = 5;
/** Twenty at once take their time on a busy machine. */
const startMs = 40_000;
/** Between the last exit and the restart, so that a wrong time of the exit would show. */
const downtimeMs = 1_500;
/** How much later than its time a stop may be carried out. */
const lateMs = 20_000;

/** What `numbers.pl` tells of itself. */
interface Identity {
  readonly instance: string;
  /** Its next number. */
  readonly next: number;
  readonly fencingToken: number;
}

/** A backend, and how it was before the kill. */
interface Watched {
  readonly backend: TestBackend;
  readonly lock: string;
  readonly reader: LogReader;
  readonly process: ContainedProcess;
  readonly identity: Identity;
  readonly statuses: unknown;
}

describe('kill -9 of the server while 20 backends write', { skip: cannotRun('oci') ?? false }, () => {
  const world = new World('oci');
  let writing: Watched[];
  /** It ignores the request to end that was under way. */
  let stubborn: TestBackend;
  let stubbornAskedAt: number;
  /** It ended itself as asked, while the server was away. */
  let obedient: TestBackend;
  let restartMs: number;
  let restartedAt: number;
  const endings = () => writing.slice(0, exitCodes.length);
  const killed = () => writing[exitCodes.length] as Watched;
  const living = () => writing.slice(exitCodes.length + 1);

  before(
    async () => {
      // Small segments, so that logs are rotated meanwhile.
      const settings = {
        'jamsocket.stop_grace_seconds': stopGraceMs / 1000,
        'logs.segment_bytes': 64 * 1024,
      };
      await world.open({ settings });
      await world.service('numbers.pl', { name: 'numbers', args: [String(lineEveryMs)] });
      writing = await Promise.all(Array.from({ length: backendCount }, (_, n) => watch(`doc-${n}`)));
      stubborn = await spawn('stubborn');
      obedient = await world.ready('numbers.pl', {}, { args: [String(lineEveryMs), '600'] });
      await Promise.all(writing.map(({ reader }) => reader.reaches('err 50')));

      await Promise.all(
        endings().map(({ backend }, n) => backend.request(`/exit?code=${exitCodes[n]}&ms=400`)),
      );
      await Promise.all([stubborn.terminate(), obedient.terminate()]);
      stubbornAskedAt = Date.now();
      await eventually('the signal at the obedient', async () =>
        (await obedient.log('?follow=false')).some(line => line.startsWith('asked')),
      );
      await world.server.kill();

      process.kill(killed().process.pid, 'SIGKILL');
      for (const { id } of [...endings(), killed()].map(({ backend }) => backend).concat(obedient)) {
        await eventually(`the end of ${id}`, async () => (await processesOfWorkload(id)).length === 0);
      }
      const lastExitAt = Date.now();
      await eventually('the end of the downtime', () => Date.now() - lastExitAt > downtimeMs);
      restartedAt = Date.now();
      await world.server.restart();
      restartMs = Date.now() - restartedAt;
    },
    { timeout: 240_000 },
  );

  after(() => world.close(), { timeout: 180_000 });

  test('every living backend runs on, is reached, and is ready since the same time', async (t: TestContext) => {
    t.diagnostic(`restart with ${backendCount} backends: ${restartMs} ms`);
    for (const { backend, process, identity, statuses } of living()) {
      assert.deepEqual(await processesOfWorkload(backend.id), [process]);
      assert.equal((await whoAmI(backend)).instance, identity.instance);
      assert.deepEqual(await statusesOf(backend), statuses);
      assert.equal((await backend.status()).state, 'Ready');
    }
  });

  test('no line is missing or doubled, neither read anew nor across the restart', async () => {
    await Promise.all(
      living().map(async ({ backend, reader, identity }) => {
        await reader.resume();
        const { next } = await whoAmI(backend);
        assert.ok(next > identity.next);
        await reader.reaches(`err ${next + 50}`);
        await reader.stop();
        assertConsecutive(reader.lines, next + 50);
        assertConsecutive(await backend.log('?follow=false'), next + 50);
      }),
    );
    for (const { backend, reader } of [...endings(), killed()]) {
      await reader.resume();
      await reader.ended();
      const whole = await backend.log();
      assert.deepEqual(reader.lines, whole);
      assertConsecutive(whole, 50);
    }
  });

  test('exits meanwhile have their code and true time', async () => {
    const { dataDir } = world.server;
    for (const [n, { backend }] of endings().entries()) {
      const log = await backend.log();
      const [, lines, exitedAt] = log.find(line => line.startsWith('end '))?.split(' ') ?? [];
      const end = endOf(dataDir, backend.id);
      assert.equal(end?.exitCode, exitCodes[n]);
      assert.equal((await backend.status()).state, exitCodes[n] === 0 ? 'Exited' : 'Failed');
      assertConsecutive(log, Number(lines));
      const afterMs = (end?.at ?? 0) - Number(exitedAt);
      assert.ok(afterMs >= 0 && afterMs < downtimeMs, `told to be ${afterMs} ms after the exit`);
    }
    const end = endOf(dataDir, killed().backend.id);
    assert.deepEqual([end?.status, end?.exitCode, end?.reason], ['terminated', 128 + 9, 'failed']);
    assert.ok((end?.at ?? 0) < restartedAt);
  });

  test('a soft stop that was under way is finished in its time', async () => {
    const { dataDir } = world.server;
    const { time } = await stubborn.reaches('Terminated', stopGraceMs + 5_000);
    const tookMs = Date.parse(time) - stubbornAskedAt;
    const longestMs = Math.max(stopGraceMs, restartedAt + restartMs - stubbornAskedAt) + lateMs;
    assert.ok(tookMs > stopGraceMs - 200 && tookMs < longestMs, `took ${tookMs} ms`);
    const steps = journalOf(dataDir, stubborn.id);
    const end = steps.at(-1);
    assert.deepEqual([end?.reason, end?.kind, end?.exitCode], ['external', 'soft', 128 + 9]);
    assert.deepEqual(
      steps.slice(-2).map(({ status }) => status),
      ['terminating', 'terminated'],
    );

    const obeyed = endOf(dataDir, obedient.id);
    assert.deepEqual([obeyed?.reason, obeyed?.kind, obeyed?.exitCode], ['external', 'soft', 0]);
    assert.ok((obeyed?.at ?? 0) < restartedAt);
    assert.equal((await obedient.status()).state, 'Terminated');
  });

  test('locks of the living hold, those of the ended are free, and fencing tokens rise', async () => {
    for (const { backend, lock } of living()) {
      const { result } = await world.spawn('numbers', { lock });
      assert.deepEqual([result.name, result.spawned, result.status], [backend.id, false, 'Ready']);
    }
    const highest = Math.max(...writing.map(({ identity }) => identity.fencingToken));
    for (const { backend, lock } of [...endings(), killed()]) {
      const fresh = await world.spawn('numbers', { lock });
      assert.equal(fresh.result.spawned, true);
      assert.notEqual(fresh.id, backend.id);
      const { fencingToken } = await whoAmI(fresh);
      assert.ok(fencingToken > highest, `${fencingToken} after ${highest}`);
    }
    assert.deepEqual(world.server.faults, []);
  });

  async function spawn(lock: string): Promise<TestBackend> {
    const backend = await world.spawn('numbers', { lock });
    await backend.reaches('Ready', startMs);
    return backend;
  }

  async function watch(lock: string): Promise<Watched> {
    const backend = await spawn(lock);
    const reader = new LogReader(world.server, backend.id);
    await reader.resume();
    const [process, ...others] = await processesOfWorkload(backend.id);
    assert.ok(process !== undefined && others.length === 0);
    const [identity, statuses] = await Promise.all([whoAmI(backend), statusesOf(backend)]);
    return { backend, lock, reader, process, identity, statuses };
  }

  async function statusesOf({ id }: TestBackend): Promise<unknown> {
    return (await world.api(`/backend/${id}`)).ok().statuses;
  }
});

async function whoAmI(backend: TestBackend): Promise<Identity> {
  return (await backend.request('/')).ok<Identity>();
}

/** Both streams count from 0 without a gap, up to `least` at least. */
function assertConsecutive(lines: readonly string[], least: number): void {
  for (const stream of ['out', 'err']) {
    const numbers = lines.filter(line => line.startsWith(`${stream} `)).map(line => Number(line.slice(4)));
    const wrong = numbers.findIndex((number, index) => number !== index);
    const there = numbers.slice(Math.max(0, wrong - 3), wrong + 3).join(' ');
    assert.equal(wrong, -1, `${stream}: ${there} at ${wrong}`);
    assert.ok(numbers.length >= least, `${stream}: ${numbers.length} lines of ${least}`);
  }
}
