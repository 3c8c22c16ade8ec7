import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { FileLogs, type LogEntry, type LogLine, type LogReadOptions, type LogStream } from './index.ts';

const time = '2026-11-21T21:54:57.478555260+00:00';

interface WrittenRecord {
  readonly stream: LogStream;
  readonly full: boolean;
  readonly text: Buffer;
}

const line = (stream: LogStream, text: string): WrittenRecord => ({
  stream,
  full: true,
  text: Buffer.from(text),
});
const part = (stream: LogStream, text: string | Buffer): WrittenRecord => ({
  stream,
  full: false,
  text: Buffer.from(text),
});

function encode(record: WrittenRecord): Buffer {
  const head = `${time} ${record.stream} ${record.full ? 'F' : 'P'} `;
  return Buffer.concat([Buffer.from(head), record.text, Buffer.from('\n')]);
}

let root = '';
let made = 0;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-logs-'));
});
after(() => rm(root, { recursive: true }));

/** A log with the given bytes in files of the given lengths, the rest in the active one. */
async function logOf(bytes: Buffer, segments: readonly number[] = [], maxLineBytes = 15 * 1024) {
  const logs = new FileLogs({ root, limits: { maxLineBytes } });
  const id = `log-${++made}`;
  const active = await logs.create(id);
  let start = 0;
  for (const length of segments) {
    await writeFile(
      join(dirname(active), String(start).padStart(16, '0')),
      bytes.subarray(start, start + length),
    );
    start += length;
  }
  await writeFile(active, bytes.subarray(start));
  const read = (options: LogReadOptions = {}) => Array.fromAsync(logs.read(id, options));
  return { logs, id, active, read, remove: () => logs.remove(id) };
}

function logOfRecords(records: readonly WrittenRecord[], maxLineBytes?: number) {
  return logOf(Buffer.concat(records.map(encode)), [], maxLineBytes);
}

const texts = (entries: readonly LogEntry[]) =>
  entries.map(entry => (entry.type === 'line' ? entry.text : entry));

describe('reading a log', () => {
  test('gives lines with stream, time and the position of their end', async () => {
    const records = [line('stdout', 'one'), line('stderr', 'zwei ✓'), line('stdout', '')];
    const log = await logOfRecords(records);
    const entries = (await log.read()) as LogLine[];
    assert.deepEqual(texts(entries), ['one', 'zwei ✓', '']);
    assert.deepEqual(
      entries.map(entry => entry.stream),
      ['stdout', 'stderr', 'stdout'],
    );
    assert.equal(entries[0]?.time, time);
    assert.equal(entries.at(-1)?.cursor, Buffer.concat(records.map(encode)).length);
  });

  test('joins partial records of one stream across those of the other', async () => {
    const log = await logOfRecords([
      part('stdout', 'a'),
      part('stderr', 'x'),
      line('stdout', 'b'),
      line('stderr', 'y'),
    ]);
    assert.deepEqual(texts(await log.read()), ['ab', 'xy']);
  });

  test('joins a character whose bytes came in two records', async () => {
    const bytes = Buffer.from('a✓b');
    const log = await logOfRecords([
      part('stdout', bytes.subarray(0, 2)),
      part('stdout', bytes.subarray(2)),
      line('stdout', ''),
    ]);
    assert.deepEqual(texts(await log.read()), ['a✓b']);
  });

  test('ends lines at a carriage return, and at both characters once', async () => {
    const log = await logOfRecords([
      part('stdout', '10%\r'),
      part('stdout', '20%\r'),
      line('stdout', ''),
      line('stdout', 'a\rb\r'),
      line('stdout', 'c\r\rd'),
    ]);
    assert.deepEqual(texts(await log.read()), ['10%', '20%', 'a', 'b', 'c', '', 'd']);
  });

  test('splits a long line at characters', async () => {
    const log = await logOfRecords([line('stdout', '✓'.repeat(20))], 16);
    assert.deepEqual(texts(await log.read()), [...Array(4).fill('✓'.repeat(5))]);
  });

  test('does not split a line of just the limit', async () => {
    const log = await logOfRecords([part('stdout', 'a'.repeat(8)), line('stdout', 'b'.repeat(8))], 16);
    assert.deepEqual(texts(await log.read()), ['aaaaaaaabbbbbbbb']);
  });

  test('keeps replaced bytes within the limit too', async () => {
    const log = await logOfRecords(
      [line('stdout', 'x'), { ...line('stdout', ''), text: Buffer.alloc(40, 0xff) }],
      16,
    );
    const entries = texts(await log.read()) as string[];
    assert.equal(entries.slice(1).join(''), '\ufffd'.repeat(40));
    for (const text of entries) assert.ok(Buffer.byteLength(text) <= 16);
  });

  test('gives the unfinished last lines of both streams at the end', async () => {
    const log = await logOfRecords([part('stderr', 'password: '), line('stdout', 'x'), part('stdout', 'y')]);
    assert.deepEqual(texts(await log.read()), ['x', 'password: ', 'y']);
  });

  test('passes over torn and foreign bytes', async () => {
    const log = await logOf(
      Buffer.concat([
        Buffer.from('junk\n\n'),
        encode(line('stdout', 'a')),
        Buffer.from(`${time} stdo\n${time} stdout X y\n2026-11-21 stdout F \n`),
        Buffer.alloc(100_000),
        Buffer.from('\n'),
        encode(line('stdout', 'b')),
        Buffer.from(`${time} stdout F unfini`),
      ]),
    );
    assert.deepEqual(texts(await log.read()), ['a', 'b']);
  });

  test('of a log that is not there gives nothing', async () => {
    const logs = new FileLogs({ root });
    assert.deepEqual(await Array.fromAsync(logs.read('absent', {})), []);
  });

  test('takes a cursor beyond the end for the start', async () => {
    const log = await logOfRecords([line('stdout', 'a')]);
    assert.deepEqual(texts(await log.read({ after: 1_000_000 })), ['a']);
  });

  test('after an unfinished line gives only what came to it since', async () => {
    const before = encode(part('stdout', 'pass'));
    const growing = await logOf(before);
    const [unfinished] = await growing.read();
    await writeFile(
      growing.active,
      Buffer.concat([before, encode(line('stdout', 'word')), encode(line('stdout', 'x'))]),
    );
    assert.deepEqual(texts(await growing.read({ after: unfinished?.cursor ?? 0 })), ['word', 'x']);
    assert.deepEqual(texts(await growing.read()), ['password', 'x']);
  });
});

const streamOf = fc.constantFrom<LogStream>('stdout', 'stderr');
const smallText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map(text => Buffer.from(text.replaceAll('\n', ''))),
  fc.uint8Array({ maxLength: 12 }).map(bytes => Buffer.from(bytes.filter(byte => byte !== 0x0a))),
  fc.constantFrom('', '\r', 'a\r', '\r\r', 'a\rb', '✓✓✓✓✓✓✓', 'é\r').map(text => Buffer.from(text)),
);
const smallRecord = fc.record({ stream: streamOf, full: fc.boolean(), text: smallText });
const largeRecord = fc.record({
  stream: fc.oneof(
    { weight: 9, arbitrary: fc.constant<LogStream>('stdout') },
    { weight: 1, arbitrary: streamOf },
  ),
  full: fc.integer({ min: 0, max: 40 }).map(n => n === 0),
  text: fc
    .integer({ min: 0, max: 8192 })
    .map(length => Buffer.from('✓'.repeat(3000)).subarray(1, length + 1)),
});

/** Lengths of the first files, each a number of whole records. */
function fileLengths(records: readonly WrittenRecord[], cuts: readonly number[]): number[] {
  const lengths: number[] = [];
  let from = 0;
  for (const cut of cuts.map(part => part % (records.length + 1)).sort((a, b) => a - b)) {
    const length = Buffer.concat(records.slice(from, cut).map(encode)).length;
    if (length > 0) lengths.push(length);
    from = Math.max(from, cut);
  }
  return lengths;
}

async function resumesAnywhere(
  records: readonly WrittenRecord[],
  cuts: readonly number[],
  maxLineBytes: number,
  step: number,
): Promise<void> {
  const log = await logOf(Buffer.concat(records.map(encode)), fileLengths(records, cuts), maxLineBytes);
  const all = await log.read();
  let last = 0;
  for (const { cursor } of all) {
    assert.ok(cursor > last, 'cursors rise');
    last = cursor;
  }
  for (let index = 0; index < all.length; index += step) {
    const rest = await log.read({ after: all[index]?.cursor ?? 0 });
    assert.deepEqual(rest, all.slice(index + 1));
  }
  for (let tail = 0; tail < all.length + 2; tail += Math.max(1, Math.floor(all.length / 4))) {
    assert.deepEqual(await log.read({ tail }), tail === 0 ? [] : all.slice(-tail));
  }
  await log.remove();
}

describe('whatever was written', () => {
  test('every line comes once, whole and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(smallRecord, { maxLength: 30 }), async records => {
        const log = await logOfRecords(records);
        const entries = (await log.read()) as LogLine[];
        for (const stream of ['stdout', 'stderr'] as const) {
          const bytes = records
            .filter(record => record.stream === stream)
            .flatMap(record => [record.text, Buffer.from(record.full ? '\n' : '')]);
          const lines = Buffer.concat(bytes)
            .toString()
            .split(/\r\n|\r|\n/);
          if (lines.at(-1) === '') lines.pop();
          assert.deepEqual(texts(entries.filter(entry => entry.stream === stream)), lines);
        }
        await log.remove();
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  test('reading on from any cursor gives just the rest', async () => {
    const records = fc.array(smallRecord, { maxLength: 16 });
    const cuts = fc.array(fc.nat(), { maxLength: 3 });
    const maxLineBytes = fc.constantFrom(16, 17, 30, 15_360);
    await fc.assert(
      fc.asyncProperty(records, cuts, maxLineBytes, (...args) => resumesAnywhere(...args, 1)),
      { numRuns: 50, endOnFailure: true },
    );
  });

  test('so too where lines are longer than a reader looks back', async () => {
    const records = fc.array(largeRecord, { minLength: 150, maxLength: 200, size: 'max' });
    const cuts = fc.array(fc.nat(), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(records, cuts, (...args) => resumesAnywhere(...args, 15 * 1024, 7)),
      { numRuns: 5, endOnFailure: true },
    );
  });
});
