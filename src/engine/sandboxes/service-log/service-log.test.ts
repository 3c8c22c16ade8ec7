import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogFileLine } from './log-line.ts';
import type { ServiceLog } from './service-log.ts';
import { linesOf, logWorld, readLines } from './testing/log-world.ts';

const texts = (blocks: readonly LogFileLine[][]) => blocks.flat().map(({ text }) => text);
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
const whole = { follow: false, signal: new AbortController().signal };
const readAll = (log: ServiceLog, lines?: number) =>
  Array.fromAsync(readLines(log, { ...whole, ...(lines !== undefined && { lines }) }));

async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) assert.fail(`not in time: ${String(condition)}`);
    await delay(10);
  }
}

describe('the files of a service', () => {
  test('have a line for each line of output, with time and stream', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    await world.write('one\ntwo ✓\n');
    await world.write('three\n', 'stderr');
    await world.write('\n');
    await world.write('unfinished');
    await world.copy(log);
    const [file = ''] = await world.files();
    assert.match(file, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[stdout\] one\n/);
    const lines = ['[stdout] one', '[stdout] two ✓', '[stderr] three', '[stdout] ', '[stdout] unfinished'];
    assert.deepEqual(linesOf([file]), lines);
    assert.equal((await stat(join(world.folder, 'web.log'))).mode & 0o777, 0o644);
  });

  test('get a part of a line after silence, and the rest as a line of its own', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    const end = Promise.withResolvers<number>();
    const copied = log.copy({ end: end.promise, signal: world.signal });
    await world.write('name: ');
    await eventually(async () => linesOf(await world.files()).length === 1);
    await world.write('\n');
    await world.write('age: ');
    await delay(300);
    await world.write('7\n');
    end.resolve(await world.logs.end('a'));
    await copied;
    assert.deepEqual(linesOf(await world.files()), ['[stdout] name: ', '[stdout] age: ', '[stdout] 7']);
  });

  test('have long lines in parts that fit into a line of a stream', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    await world.write(`${'x'.repeat(200_000)}\n${'\x01'.repeat(30_000)}\n`);
    await world.copy(log);
    const lines = linesOf(await world.files()).map(line => line.slice('[stdout] '.length));
    assert.equal(lines.join(''), 'x'.repeat(200_000) + '\x01'.repeat(30_000));
    for (const line of lines) {
      const event = JSON.stringify({ type: 'stdout', timestamp: 1_767_600_000_123, data: `${line}\n` });
      assert.ok(Buffer.byteLength(event) + 1 <= 60_000);
    }
    assert.deepEqual(texts(await readAll(log)), lines);
  });

  test('are rotated between lines, and as many are kept as there may be', async t => {
    const world = await logWorld(t, { maxFileBytes: 2_000, files: 3 });
    const log = await world.open();
    await world.write(`${numbers(1, 1_000).join('\n')}\n`);
    await world.copy(log);
    const files = await world.files();
    assert.equal(files.length, 3);
    for (const file of files) {
      assert.ok(file.length <= 2_000 && file.endsWith('\n'));
      assert.match(file, /^2/);
    }
    for (const file of files.slice(0, 2)) assert.ok(file.length > 1_000);
    const kept = linesOf(files).map(line => Number(line.split(' ')[1]));
    assert.deepEqual(kept, numbers(1_001 - kept.length, 1_000).map(Number));
    assert.deepEqual(texts(await readAll(log)), kept.map(String));
    assert.deepEqual(texts(await readAll(log, 30)), numbers(971, 1_000));
  });

  test('can be a single one', async t => {
    const world = await logWorld(t, { maxFileBytes: 500, files: 1 });
    const log = await world.open();
    await world.write(`${numbers(1, 100).join('\n')}\n`);
    await world.copy(log);
    const files = await world.files();
    assert.equal(files.length, 1);
    assert.ok((files[0]?.length ?? 0) <= 500);
    assert.equal(texts(await readAll(log)).at(-1), '100');
  });

  test('tell what was no longer kept when it was copied', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    await world.write('a\n');
    await world.copy(log);
    const active = await world.logs.create('a');
    await rename(active, join(active, '..', '5000'.padStart(16, '0')));
    await world.copy(log);
    const [, line = ''] = linesOf(await world.files());
    assert.match(line, /^\[stderr\] berth: \d+ bytes of older output are no longer kept$/);
  });

  test('go on with those of an earlier service of the same name', async t => {
    const world = await logWorld(t);
    const first = await world.open('a');
    await world.write('old\nunfinished');
    await world.copy(first);
    await first.close();
    const second = await world.open('b');
    await world.write('new\n', 'stdout', 'b');
    await world.copy(second, 'b');
    assert.deepEqual(texts(await readAll(second)), ['old', 'unfinished', 'new']);
    assert.deepEqual(texts(await readAll(second, 2)), ['unfinished', 'new']);
  });

  test('are begun anew when they were removed, damaged or replaced', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    const path = join(world.folder, 'web.log');
    await world.write('one\n');
    await world.copy(log);
    await rm(path);
    await world.write('two\n');
    await world.copy(log);
    assert.deepEqual(linesOf(await world.files()), ['[stdout] two']);
    await rm(path);
    await mkdir(join(path, 'folder'), { recursive: true });
    await world.write('three\n');
    await world.copy(log);
    await rm(path);
    await symlink('/etc/hostname', path);
    const before = await readFile('/etc/hostname', 'utf8');
    await world.write('four\n');
    await world.copy(log);
    assert.equal(await readFile('/etc/hostname', 'utf8'), before);
    assert.deepEqual(linesOf(await world.files()), ['[stdout] four']);
    await appendFile(path, 'junk\n');
    await world.write('five\n');
    await world.copy(log);
    assert.deepEqual(texts(await readAll(log)), ['four', 'five']);
    await writeFile(path, '');
    assert.deepEqual(texts(await readAll(log)), []);
    await world.write('six\n');
    await world.copy(log);
    assert.deepEqual(texts(await readAll(log)).at(-1), 'six');
    assert.deepEqual(world.faults, []);
  });

  test('have each line once when they could not be written for a time', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    await world.write('one\n');
    await world.copy(log);
    await rm(join(world.root, 'notes'), { recursive: true });
    await world.write('two\nthree\n');
    const copied = world.copy(log);
    await eventually(() => world.faults.length >= 2);
    await mkdir(join(world.root, 'notes'));
    await copied;
    assert.deepEqual(texts(await readAll(log)), ['one', 'two', 'three']);
  });
});

describe('after the server was killed', () => {
  test('what was written beyond the note is written again, once', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    await world.write('one\ntw');
    const stop = new AbortController();
    const copied = log.copy({ end: new Promise(() => {}), signal: stop.signal });
    await eventually(async () => linesOf(await world.files()).length === 1);
    stop.abort();
    await copied;
    await appendFile(join(world.folder, 'web.log'), '2026-01-05T08:01:00.123Z [stdout] tw');
    const next = await world.open();
    await world.write('o\n');
    await world.copy(next);
    assert.deepEqual(linesOf(await world.files()).slice(0, 1), ['[stdout] one']);
    assert.equal(
      linesOf(await world.files())
        .slice(1)
        .join('')
        .replaceAll('[stdout] ', ''),
      'two',
    );
  });

  test('a rotation that was begun is finished, wherever it stopped', async t => {
    for (const renames of [1, 2]) {
      const world = await logWorld(t, { maxFileBytes: 400, files: 3 });
      const log = await world.open();
      await world.write(`${numbers(1, 22).join('\n')}\n`);
      await world.copy(log);
      await log.close();
      const path = join(world.folder, 'web.log');
      const steps = [
        [`${path}.1`, `${path}.2`],
        [path, `${path}.1`],
      ] as const;
      for (const [from, to] of steps.slice(0, renames)) await rename(from, to);
      const next = await world.open();
      await world.write('23\n24\n');
      await world.copy(next);
      assert.deepEqual(texts(await readAll(next)).slice(-8), numbers(17, 24));
      assert.deepEqual(texts(await readAll(next, 5)), numbers(20, 24));
    }
  });

  test('nothing is lost or doubled, whenever that was', async t => {
    const world = await logWorld(t, { maxFileBytes: 20_000, files: 100 });
    const { logs: _logs, reportFault: _fault, ...parts } = world.parts();
    let next = 1;
    for (let round = 0; round < 5; round++) {
      const script = join(import.meta.dirname, 'testing/copying-server.ts');
      const argument = JSON.stringify({ ...parts, root: join(world.root, 'logs') });
      const server = spawn(process.execPath, [script, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(server.stdout, 'data');
      const deadline = performance.now() + 30 + 40 * round;
      for (; performance.now() < deadline; next += 50) {
        await world.write(`${numbers(next, next + 49).join('\n')}\n`);
      }
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    const log = await world.open();
    assert.ok(log.cursor > 0);
    await world.copy(log);
    assert.deepEqual(texts(await readAll(log)), numbers(1, next - 1));
  });

  test('a note that can not be read begins all anew', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    await world.write('one\ntwo\n');
    await world.copy(log);
    await log.close();
    await writeFile(join(world.root, 'notes', 'web.json'), '{"logId":');
    const next = await world.open();
    await world.copy(next);
    assert.deepEqual(texts(await readAll(next)), ['one', 'two']);
  });
});

describe('reading a service log', () => {
  test('gives the last lines in order', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    await world.write(`${numbers(1, 1_000).join('\n')}\n`);
    await world.copy(log);
    assert.deepEqual(texts(await readAll(log, 10)), numbers(991, 1_000));
    assert.deepEqual(texts(await readAll(log, 0)), []);
    assert.deepEqual(texts(await readAll(log, 5_000)), numbers(1, 1_000));
    assert.deepEqual(texts(await readAll(log)), numbers(1, 1_000));
    const [line] = (await readAll(log, 1)).flat();
    assert.equal(line?.stream, 'stdout');
    assert.ok(Math.abs((line?.atMs ?? 0) - Date.now()) < 60_000);
  });

  test('of nothing gives nothing', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    assert.deepEqual(await readAll(log), []);
    assert.deepEqual(await readAll(log, 5), []);
  });

  test('follows from where the last lines ended, over rotations, however slow it is', async t => {
    const world = await logWorld(t, { maxFileBytes: 30_000, files: 200 });
    const log = await world.open();
    await world.write(`${numbers(1, 100).join('\n')}\n`);
    await world.copy(log);
    const end = Promise.withResolvers<number>();
    const copied = log.copy({ end: end.promise, signal: world.signal });
    const stop = new AbortController();
    const follow = async (pauseMs: number): Promise<string[]> => {
      const seen: string[] = [];
      for await (const lines of readLines(log, { lines: 10, follow: true, signal: stop.signal })) {
        seen.push(...lines.map(({ text }) => text));
        if (pauseMs > 0) await delay(pauseMs);
        if (seen.at(-1) === '20000') break;
      }
      return seen;
    };
    const readers = [follow(0), follow(3), follow(0)];
    // So that what follows comes after the last lines were looked for.
    await delay(50);
    for (let next = 101; next <= 20_000; next += 100) {
      await world.write(`${numbers(next, next + 99).join('\n')}\n`);
    }
    end.resolve(await world.logs.end('a'));
    await copied;
    await log.written(await world.logs.end('a'), world.signal);
    for (const seen of await Promise.all(readers)) assert.deepEqual(seen, numbers(91, 20_000));
    stop.abort();
  });

  test('ends with its signal', async t => {
    const world = await logWorld(t);
    const log = await world.open();
    await world.write('one\n');
    await world.copy(log);
    const seen = Array.fromAsync(readLines(log, { follow: true, signal: AbortSignal.timeout(50) }));
    assert.deepEqual(texts(await seen), ['one']);
    await log.written(1e9, AbortSignal.timeout(50));
  });
});
