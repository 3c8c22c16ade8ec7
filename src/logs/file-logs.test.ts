import assert from 'node:assert/strict';
import {
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { BerthError } from '../lib/errors.ts';
import { FileLogs, type LogEntry, type LogLimits } from './index.ts';

const time = '2026-11-21T21:54:57.478555260+00:00';
const record = (text: string) => `${time} stdout F ${text}\n`;
const recordBytes = record('line 000').length;

async function makeLogs(t: TestContext, limits: Partial<LogLimits> = {}): Promise<FileLogs> {
  const root = await mkdtemp(join(tmpdir(), 'berth-logs-'));
  t.after(() => rm(root, { recursive: true }));
  return new FileLogs({ root, limits });
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `line ${String(from + index).padStart(3, '0')}`);

const texts = (entries: readonly LogEntry[]) =>
  entries.map(entry => (entry.type === 'line' ? entry.text : entry));

async function readAll(logs: FileLogs, options = {}): Promise<ReturnType<typeof texts>> {
  return texts(await Array.fromAsync(logs.read('a', options)));
}

/** Writes as conmon does: appends at first; opens anew by way of a temporary file, and then writes in place. */
class ForeignWriter {
  readonly #path: string;
  #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<ForeignWriter> {
    return new ForeignWriter(path, await open(path, 'a'));
  }

  async write(lines: readonly string[]): Promise<void> {
    await this.#file.write(lines.map(record).join(''));
  }

  async reopen(): Promise<void> {
    await this.#file.close();
    this.#file = await open(`${this.#path}.tmp`, 'w');
    await rename(`${this.#path}.tmp`, this.#path);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function foreignLog(t: TestContext, limits: Partial<LogLimits>) {
  const logs = await makeLogs(t, limits);
  const path = await logs.create('a');
  const writer = await ForeignWriter.open(path);
  t.after(() => writer.close());
  return { logs, path, folder: dirname(path), writer, reopen: () => writer.reopen().then(() => true) };
}

describe('a log', () => {
  test('has an id that can only be a folder name', async t => {
    const logs = await makeLogs(t);
    for (const id of ['', '.', '..', '../a', 'a/b', 'A', '-a', 'a'.repeat(64)]) {
      await assert.rejects(logs.create(id), BerthError);
      assert.throws(() => logs.writer(id), BerthError);
      assert.throws(() => logs.read(id, {}), BerthError);
      await assert.rejects(logs.remove(id), BerthError);
    }
  });

  test('is listed until it is removed', async t => {
    const logs = await makeLogs(t);
    await logs.create('a');
    await logs.note('b', 'x');
    assert.deepEqual((await logs.list()).sort(), ['a', 'b']);
    assert.equal(await logs.size('a'), 0);
    assert.equal(await logs.size('b'), record('x').length);
    await logs.remove('a');
    await logs.remove('a');
    assert.deepEqual(await logs.list(), ['b']);
    assert.equal(await logs.size('a'), 0);
  });

  test('takes notes of several lines', async t => {
    const logs = await makeLogs(t);
    await logs.note('a', 'berth: no\r\nberth: why\n');
    const entries = await Array.fromAsync(logs.read('a', {}));
    assert.deepEqual(texts(entries), ['berth: no', 'berth: why']);
    assert.ok(entries.every(entry => entry.type === 'line' && entry.stream === 'stderr'));
  });

  test('keeps a note readable after a record that was torn', async t => {
    const logs = await makeLogs(t);
    await writeFile(await logs.create('a'), `${record('whole')}${time} stdout F to`);
    await logs.note('a', 'berth: note');
    assert.deepEqual(await readAll(logs), ['whole', 'to', 'berth: note']);
  });
});

describe('the writer of a log', () => {
  test('keeps lines whole that come in pieces, and finishes the last', async t => {
    const logs = await makeLogs(t);
    await logs.create('a');
    const writer = logs.writer('a');
    for (const [stream, text] of [
      ['stdout', 'one\ntw'],
      ['stderr', 'other'],
      ['stdout', 'o\nend'],
    ] as const) {
      await writer.write(stream, Buffer.from(text));
    }
    await writer.close();
    await assert.rejects(writer.write('stdout', Buffer.from('x')));
    assert.deepEqual(new Set(await readAll(logs)), new Set(['end', 'one', 'other', 'two']));
    assert.match(
      await readFile(await logs.create('a'), 'utf8'),
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+00:00 stdout F one\n/,
    );
  });

  test('writes in the order of arrival without being waited for', async t => {
    const logs = await makeLogs(t);
    await logs.create('a');
    const writer = logs.writer('a');
    const lines = numbered(0, 500);
    await Promise.all(
      lines.map((line, index) => writer.write(index % 2 ? 'stdout' : 'stderr', Buffer.from(`${line}\n`))),
    );
    await writer.close();
    assert.deepEqual(await readAll(logs), lines);
  });

  test('splits long lines into records that a reader can hold', async t => {
    const logs = await makeLogs(t, { maxLineBytes: 1e6 });
    await logs.create('a');
    const writer = logs.writer('a');
    await writer.write('stdout', Buffer.from(`${'x'.repeat(100_000)}\n`));
    await writer.close();
    assert.deepEqual(await readAll(logs), ['x'.repeat(100_000)]);
  });

  test('rotates, drops the oldest, and tells readers what they miss', async t => {
    const logs = await makeLogs(t, { segmentBytes: 10 * recordBytes, totalBytes: 35 * recordBytes });
    const folder = dirname(await logs.create('a'));
    const writer = logs.writer('a');
    for (const line of numbered(0, 100)) await writer.write('stdout', Buffer.from(`${line}\n`));
    await writer.close();

    assert.equal((await readdir(folder)).length, 4);
    assert.equal(await logs.size('a'), 30 * recordBytes);
    const lost = { type: 'gap', cursor: 70 * recordBytes, lostBytes: 70 * recordBytes } as const;
    assert.deepEqual(await readAll(logs), [lost, ...numbered(70, 100)]);
    assert.deepEqual(await readAll(logs, { after: lost.cursor }), numbered(70, 100));
    assert.deepEqual(await readAll(logs, { after: 85 * recordBytes }), numbered(85, 100));
    const partly = { ...lost, lostBytes: 10 * recordBytes };
    assert.deepEqual(await readAll(logs, { after: 60 * recordBytes }), [partly, ...numbered(70, 100)]);
    assert.deepEqual(await readAll(logs, { tail: 25 }), numbered(75, 100));
    assert.deepEqual(await readAll(logs, { tail: 1000 }), numbered(70, 100));
  });

  test('goes on after a writer that was killed between two files, or in a record', async t => {
    const logs = await makeLogs(t);
    const path = await logs.create('a');
    await writeFile(join(dirname(path), '0'.repeat(16)), record('line 000'));
    const first = logs.writer('a');
    await first.write('stdout', Buffer.from('line 001\n'));
    await first.close();
    await writeFile(path, `${record('line 001')}${time} std`);
    const second = logs.writer('a');
    await second.write('stdout', Buffer.from('line 002\n'));
    await second.close();
    assert.deepEqual(await readAll(logs), numbered(0, 3));
  });
});

describe('rotating the log of a foreign writer', () => {
  const limits = { segmentBytes: 10 * recordBytes, totalBytes: 35 * recordBytes };

  test('leaves a log that can be read when nothing of the old file fits any more', async t => {
    const { logs, writer } = await foreignLog(t, limits);
    await writer.write(numbered(0, 20));
    await logs.rotate('a', async () => {
      await writer.reopen();
      await writer.write(numbered(20, 60));
      return true;
    });
    const lost = { type: 'gap', cursor: 20 * recordBytes, lostBytes: 20 * recordBytes } as const;
    assert.deepEqual(await readAll(logs), [lost, ...numbered(20, 60)]);
    assert.deepEqual(await readAll(logs, { after: lost.cursor }), numbered(20, 60));
    assert.deepEqual(await readAll(logs, { tail: 50 }), numbered(20, 60));
  });

  test('loses nothing that it writes before it has opened the file anew', async t => {
    const { logs, writer } = await foreignLog(t, { ...limits, totalBytes: 50 * recordBytes });
    await writer.write(numbered(0, 20));
    await logs.rotate('a', async () => {
      await writer.write(numbered(20, 30));
      await writer.reopen();
      await writer.write(numbered(30, 40));
      return true;
    });
    assert.deepEqual(await readAll(logs), numbered(0, 40));
    assert.deepEqual(await readAll(logs, { after: 30 * recordBytes }), numbered(30, 40));
  });

  test('cuts what was written too fast, at the beginning of a line', async t => {
    const { logs, writer, reopen } = await foreignLog(t, limits);
    await writer.write(numbered(0, 100));
    await logs.rotate('a', reopen);
    await writer.write(numbered(100, 103));
    await logs.rotate('a', reopen);
    const entries = await Array.fromAsync(logs.read('a', {}));
    assert.deepEqual(entries[0], { type: 'gap', cursor: 68 * recordBytes, lostBytes: 68 * recordBytes });
    assert.deepEqual(
      entries.slice(1).map(entry => entry.type === 'line' && entry.text),
      numbered(68, 103).map(line => line),
    );
    assert.ok((await logs.size('a')) <= limits.totalBytes);
  });

  test('does nothing while the file is short', async t => {
    const { logs, writer } = await foreignLog(t, limits);
    await writer.write(numbered(0, 5));
    await logs.rotate('a', () => assert.fail('was reopened'));
  });

  test('is finished where a server was killed in the middle', async t => {
    const { logs, writer, path, folder, reopen } = await foreignLog(t, limits);
    await writer.write(numbered(0, 20));
    await rename(path, join(folder, '0'.repeat(16)));
    await writer.write(numbered(20, 25));
    assert.deepEqual(await readAll(logs), numbered(0, 25));
    await logs.note('a', 'line 025');
    await logs.rotate('a', reopen);
    await writer.write(numbered(26, 30));
    assert.deepEqual(await readAll(logs), numbered(0, 30));
  });

  test('lets a slow reader finish what it has begun, and tells it the gap', async t => {
    const { logs, writer, reopen } = await foreignLog(t, limits);
    await writer.write(numbered(0, 10));
    const reader = logs.read('a', { followUntil: AbortSignal.abort() })[Symbol.asyncIterator]();
    assert.equal(((await reader.next()).value as { text: string }).text, 'line 000');
    for (let count = 10; count < 100; count += 10) {
      await logs.rotate('a', reopen);
      await writer.write(numbered(count, count + 10));
    }
    await logs.rotate('a', reopen);
    const rest = texts(await Array.fromAsync({ [Symbol.asyncIterator]: () => reader }));
    const gap = { type: 'gap', cursor: 70 * recordBytes, lostBytes: 60 * recordBytes };
    assert.deepEqual(rest, [...numbered(1, 10), gap, ...numbered(70, 100)]);
  });
});

describe('following a log', () => {
  test('gives lines as they come, across rotations, and ends when the log is complete', async t => {
    const limits = { segmentBytes: 10 * recordBytes };
    const { logs, writer, reopen } = await foreignLog(t, limits);
    const complete = new AbortController();
    const followers = [0, 35 * recordBytes].map(after =>
      Array.fromAsync(logs.read('a', { after, followUntil: complete.signal })),
    );
    for (let count = 0; count < 200; count += 5) {
      await writer.write(numbered(count, count + 5));
      await logs.rotate('a', reopen);
    }
    complete.abort();
    const [all = [], late = []] = await Promise.all(followers);
    assert.deepEqual(texts(all), numbered(0, 200));
    // Its cursor was not there yet when it began, so it began at the start.
    assert.deepEqual(texts(late), numbered(0, 200));
  });

  test('begins before there is a log', async t => {
    const logs = await makeLogs(t);
    const complete = new AbortController();
    const following = readAll(logs, { followUntil: complete.signal });
    await logs.note('a', 'first');
    complete.abort();
    assert.deepEqual(await following, ['first']);
  });

  test('joins a line that is finished later', async t => {
    const logs = await makeLogs(t);
    await logs.create('a');
    const writer = logs.writer('a');
    await writer.write('stdout', Buffer.from('one\ntw'));
    const complete = new AbortController();
    const reader = logs.read('a', { tail: 1, followUntil: complete.signal })[Symbol.asyncIterator]();
    assert.equal(((await reader.next()).value as { text: string }).text, 'one');
    const next = reader.next();
    await writer.write('stdout', Buffer.from('o\n'));
    assert.equal(((await next).value as { text: string }).text, 'two');
    complete.abort();
    assert.equal((await reader.next()).done, true);
    await writer.close();
  });

  test('ends at once when it is aborted, or left', async t => {
    const logs = await makeLogs(t);
    await logs.note('a', 'x');
    const followUntil = new AbortController().signal;
    const abort = new AbortController();
    const aborted = logs.read('a', { followUntil, signal: abort.signal })[Symbol.asyncIterator]();
    await aborted.next();
    const waiting = aborted.next();
    abort.abort();
    assert.equal((await waiting).done, true);

    const left = logs.read('a', { followUntil })[Symbol.asyncIterator]();
    await left.next();
    const open = left.next();
    await left.return?.();
    assert.equal((await open).done, true);
  });

  test('is woken by the change itself', async t => {
    const logs = await makeLogs(t);
    await logs.note('a', 'x');
    const complete = new AbortController();
    const reader = logs.read('a', { tail: 0, followUntil: complete.signal })[Symbol.asyncIterator]();
    const delays: number[] = [];
    for (let count = 0; count < 5; count++) {
      const next = reader.next();
      const writtenAt = performance.now();
      await logs.note('a', `note ${count}`);
      await next;
      delays.push(performance.now() - writtenAt);
    }
    complete.abort();
    await reader.next();
    assert.ok(Math.min(...delays) < 100, `${delays.join(', ')} ms`);
  });
});

test('a reader holds no more than a block of a large log', async t => {
  const logs = await makeLogs(t);
  const path = await logs.create('a');
  await writeFile(path, record('x'.repeat(100)).repeat(200_000));
  assert.ok((await stat(path)).size > 25_000_000);
  let count = 0;
  for await (const _ of logs.read('a', {})) {
    if (++count === 3) break;
  }
  const before = process.memoryUsage().arrayBuffers;
  const reader = logs.read('a', {})[Symbol.asyncIterator]();
  for (let taken = 0; taken < 10; taken++) await reader.next();
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
  await reader.return?.();
});
