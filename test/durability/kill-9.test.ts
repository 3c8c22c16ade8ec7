import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, type TestContext, test } from 'node:test';
import { cannotRun, eventually, programs, readEvents, type SpawnResult, TestBackend, TestServer } from '../support/index.ts';
import { endOf, journalOf } from './journal.ts';
import { type ContainedProcess, processesOfWorkload } from './traces.ts';

const backendCount = 20;
/** Those that end by themselves while the server is away, with these codes; the next one is killed. */
const exitCodes = [0, 3, 7, 42];
const stopGraceMs = 5_000;
const lineEveryMs = 5;
/** Between the last exit and the restart, so that a wrong time of the exit would show. */
const downtimeMs = 1_500;
/** conmon writes an exit down after the last output was read. */
const exitNoticeMs = 500;

describe('kill -9 of the server while 20 backends write', { skip: cannotRun('oci') ?? false }, () => {
  let server: TestServer;
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

  before(async () => {
    server = await TestServer.start({
      runtime: 'oci',
      // Small segments, so that logs are rotated meanwhile.
      settings: { 'jamsocket.stop_grace_seconds': stopGraceMs / 1000, 'logs.segment_bytes': 64 * 1024 },
    });
    await createService(server, 'numbers', [String(lineEveryMs)]);
    await createService(server, 'obedient', [String(lineEveryMs), '600']);
    const backends = await Promise.all(
      Array.from({ length: backendCount }, (_, n) => spawnReady(server, 'numbers', `doc-${n}`)),
    );
    writing = await Promise.all(backends.map(backend => Watched.begin(server, backend)));
    stubborn = await spawnReady(server, 'numbers', 'stubborn');
    obedient = await spawnReady(server, 'obedient', 'obedient');
    await Promise.all(writing.map(({ reader }) => reader.reaches(50)));

    await Promise.all(endings().map(({ backend }, n) => backend.request(`/exit?code=${exitCodes[n]}&ms=400`)));
    await Promise.all([stubborn.terminate(), obedient.terminate()]);
    stubbornAskedAt = Date.now();
    await eventually('the signal at the obedient', async () =>
      (await obedient.log('?follow=false')).some(line => line.startsWith('asked')),
    );
    await server.kill();

    process.kill(killed().process.pid, 'SIGKILL');
    const going = [...endings(), killed()].map(({ backend }) => backend.id);
    for (const id of [...going, obedient.id]) {
      await eventually(`the end of ${id}`, async () => (await processesOfWorkload(id)).length === 0);
    }
    const lastExitAt = Date.now();
    await eventually('the downtime', () => Date.now() - lastExitAt > downtimeMs);
    restartedAt = Date.now();
    await server.restart();
    restartMs = Date.now() - restartedAt;
  }, { timeout: 60_000 });

  after(() => server.destroy(), { timeout: 60_000 });

  test('every living backend runs on, is reached, and is ready since the same time', async (t: TestContext) => {
    t.diagnostic(`restart with ${backendCount} backends: ${restartMs} ms`);
    for (const { backend, process, instance, statuses } of living()) {
      const [now, ...others] = await processesOfWorkload(backend.id);
      assert.deepEqual([now, others], [process, []], 'the same process');
      assert.equal((await whoAmI(backend)).instance, instance);
      assert.deepEqual(await statusesOf(server, backend), statuses);
      assert.equal((await backend.status()).state, 'Ready');
    }
  });

  test('no line is missing or doubled, neither read anew nor across the restart', async () => {
    await Promise.all(
      living().map(async ({ backend, reader, written }) => {
        await reader.resume();
        const { next } = await whoAmI(backend);
        await reader.reaches(next + 50);
        await reader.stop();
        assertConsecutive(reader.lines, next + 50);
        assertConsecutive(await backend.log('?follow=false'), next + 50);
        assert.ok(next > written);
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
    for (const [n, { backend }] of endings().entries()) {
      const log = await backend.log();
      const lastWord = log.find(line => line.startsWith('end '));
      const [, lines, exitedAt] = lastWord?.split(' ') ?? [];
      const end = endOf(server.dataDir, backend.id);
      assert.equal(end?.exitCode, exitCodes[n]);
      assert.equal((await backend.status()).state, exitCodes[n] === 0 ? 'Exited' : 'Failed');
      assertConsecutive(log, Number(lines));
      const lateMs = (end?.at ?? 0) - Number(exitedAt);
      assert.ok(lateMs >= 0 && lateMs < exitNoticeMs, `told ${lateMs} ms after the exit`);
    }
    const end = endOf(server.dataDir, killed().backend.id);
    assert.deepEqual([end?.status, end?.exitCode, end?.reason], ['terminated', 128 + 9, 'failed']);
    assert.ok((end?.at ?? 0) < restartedAt);
  });

  test('a soft stop that was under way is finished in its time', async () => {
    const { time } = await stubborn.reaches('Terminated', stopGraceMs + 5_000);
    const tookMs = Date.parse(time) - stubbornAskedAt;
    assert.ok(tookMs > stopGraceMs - 200 && tookMs < stopGraceMs + 1_500, `took ${tookMs} ms`);
    const steps = journalOf(server.dataDir, stubborn.id);
    const end = steps.at(-1);
    assert.deepEqual([end?.reason, end?.kind, end?.exitCode], ['external', 'soft', 128 + 9]);
    assert.deepEqual(steps.slice(-2).map(({ status }) => status), ['terminating', 'terminated']);

    const obeyed = endOf(server.dataDir, obedient.id);
    assert.deepEqual([obeyed?.reason, obeyed?.kind, obeyed?.exitCode], ['external', 'soft', 0]);
    assert.ok((obeyed?.at ?? 0) < restartedAt);
    assert.equal((await obedient.status()).state, 'Terminated');
  });

  test('locks of the living hold, those of the ended are free, and fencing tokens rise', async () => {
    const tokens = await Promise.all(living().map(async ({ backend }) => (await whoAmI(backend)).fencingToken));
    for (const { backend, lock } of living()) {
      const again = await spawn(server, 'numbers', lock);
      assert.deepEqual([again.name, again.spawned, again.status], [backend.id, false, 'Ready']);
    }
    const highest = Math.max(...tokens, ...writing.map(({ fencingToken }) => fencingToken));
    for (const { backend, lock } of [...endings(), killed()]) {
      const fresh = await spawn(server, 'numbers', lock);
      assert.equal(fresh.spawned, true);
      assert.notEqual(fresh.name, backend.id);
      const { fencingToken } = await whoAmI(new TestBackend(server, fresh));
      assert.ok(fencingToken > highest, `${fencingToken} after ${highest}`);
    }
    assert.deepEqual(server.stderr.filter(line => line.includes('"fault"')), []);
  });
});

/** A backend before the kill. */
class Watched {
  readonly backend: TestBackend;
  readonly lock: string;
  readonly reader: LogReader;
  readonly process: ContainedProcess;
  readonly instance: string;
  readonly fencingToken: number;
  readonly statuses: unknown;
  /** Lines at that time. */
  readonly written: number;

  private constructor(
    backend: TestBackend,
    lock: string,
    reader: LogReader,
    process: ContainedProcess,
    identity: Identity,
    statuses: unknown,
  ) {
    this.backend = backend;
    this.lock = lock;
    this.reader = reader;
    this.process = process;
    this.instance = identity.instance;
    this.fencingToken = identity.fencingToken;
    this.written = identity.next;
    this.statuses = statuses;
  }

  static async begin(server: TestServer, backend: TestBackend): Promise<Watched> {
    const reader = new LogReader(server, backend.id);
    await reader.resume();
    const [process, ...others] = await processesOfWorkload(backend.id);
    assert.ok(process !== undefined && others.length === 0);
    const info = (await server.api(`/backend/${backend.id}`)).ok<{ lock: string; statuses: unknown }>();
    return new Watched(backend, info.lock, reader, process, await whoAmI(backend), info.statuses);
  }
}

/** Follows a log and goes on after the last event's id when it is told to. */
class LogReader {
  readonly lines: string[] = [];
  readonly #server: TestServer;
  readonly #id: string;
  #lastEventId: number | undefined;
  #response: IncomingMessage | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(server: TestServer, id: string) {
    this.#server = server;
    this.#id = id;
  }

  async resume(): Promise<void> {
    await this.#done;
    const headers = {
      accept: 'text/event-stream',
      ...(this.#lastEventId !== undefined && { 'last-event-id': String(this.#lastEventId) }),
    };
    this.#response = await this.#server.openApi(`/backend/${this.#id}/logs`, { headers });
    assert.equal(this.#response.statusCode, 200);
    this.#done = this.#collect(this.#response);
  }

  async #collect(response: IncomingMessage): Promise<void> {
    try {
      for await (const { id, data } of readEvents(response)) {
        assert.ok(id !== undefined && id > (this.#lastEventId ?? 0), `${id} after ${this.#lastEventId}`);
        this.lines.push(data);
        this.#lastEventId = id;
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNRESET' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  }

  async reaches(number: number): Promise<void> {
    await eventually(`line ${number} of ${this.#id}`, () => this.lines.includes(`err ${number}`));
  }

  async ended(): Promise<void> {
    await this.#done;
  }

  async stop(): Promise<void> {
    this.#response?.destroy();
    await this.#done;
  }
}

/** Both streams count from 0 without a gap, up to `least` at least. */
function assertConsecutive(lines: readonly string[], least: number): void {
  for (const stream of ['out', 'err']) {
    const numbers = lines.filter(line => line.startsWith(`${stream} `)).map(line => Number(line.slice(4)));
    const wrong = numbers.findIndex((number, index) => number !== index);
    assert.equal(wrong, -1, `${stream}: ${numbers.slice(Math.max(0, wrong - 3), wrong + 3).join(' ')} at ${wrong}`);
    assert.ok(numbers.length >= least, `${stream}: ${numbers.length} lines of ${least}`);
  }
}

interface Identity {
  readonly instance: string;
  readonly next: number;
  readonly fencingToken: number;
}

async function whoAmI(backend: TestBackend): Promise<Identity> {
  return (await backend.request('/')).ok<Identity>();
}

async function statusesOf(server: TestServer, backend: TestBackend): Promise<unknown> {
  return (await server.api(`/backend/${backend.id}`)).ok().statuses;
}

async function createService(server: TestServer, name: string, args: readonly string[]): Promise<void> {
  const body = { name, command: 'node', args: ['numbers.js', ...args], dir: programs };
  (await server.api('/user/admin/service', { body })).ok();
}

async function spawn(server: TestServer, service: string, lock: string): Promise<SpawnResult> {
  return (await server.api(`/user/admin/service/${service}/spawn`, { body: { lock } })).ok<SpawnResult>();
}

async function spawnReady(server: TestServer, service: string, lock: string): Promise<TestBackend> {
  const backend = new TestBackend(server, await spawn(server, service, lock));
  await backend.reaches('Ready');
  return backend;
}
