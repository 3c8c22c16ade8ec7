import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { FileLogs, type LogGap, type LogPiece } from './index.ts';

const time = '2026-11-21T21:54:57.478555260+00:00';
const record = (stream: string, tag: string, text: string | Buffer) =>
  Buffer.concat([Buffer.from(`${time} ${stream} ${tag} `), Buffer.from(text), Buffer.from('\n')]);

async function logOf(t: TestContext, files: readonly Buffer[], limits = {}) {
  const root = await mkdtemp(join(tmpdir(), 'berth-pieces-'));
  t.after(() => rm(root, { recursive: true }));
  const logs = new FileLogs({ root, limits });
  const active = await logs.create('a');
  let position = 0;
  for (const [index, bytes] of files.entries()) {
    const isLast = index === files.length - 1;
    const path = isLast ? active : join(dirname(active), String(position).padStart(16, '0'));
    await writeFile(path, bytes);
    position += bytes.length;
  }
  return { logs, active };
}

const inShort = (entry: LogPiece | LogGap) =>
  entry.type === 'gap'
    ? `gap ${entry.lostBytes}`
    : `${entry.stream} ${entry.bytes.toString('latin1')}${entry.endsLine ? '$' : ''}`;

const read = async (logs: FileLogs, after = 0) =>
  (await Array.fromAsync(logs.readPieces('a', { after }))).flat();

describe('the pieces of a log', () => {
  test('are its records as they were written', async t => {
    const records = [
      record('stdout', 'F', 'one\r'),
      record('stdout', 'P', 'tw'),
      record('stderr', 'F', Buffer.from([0xff, 0xe2])),
      Buffer.from('torn\n'),
      record('stdout', 'F', ''),
      Buffer.from(`${time} stdout F unfini`),
    ];
    const { logs } = await logOf(t, [Buffer.concat(records)]);
    const pieces = await read(logs);
    assert.deepEqual(pieces.map(inShort), ['stdout one\r$', 'stdout tw', 'stderr \xff\xe2$', 'stdout $']);
    assert.ok(pieces.every(piece => piece.type === 'piece' && piece.atMs === Date.parse(time)));
    assert.equal(pieces[0]?.cursor, records[0]?.length);
  });

  test('are read on from any of them, over files', async t => {
    const records = Array.from({ length: 40 }, (_, index) =>
      record(index % 3 ? 'stdout' : 'stderr', index % 4 ? 'F' : 'P', `${index}`.repeat(index)),
    );
    const parts = [records.slice(0, 7), records.slice(7, 8), records.slice(8)].map(part =>
      Buffer.concat(part),
    );
    const { logs } = await logOf(t, parts);
    const all = await read(logs);
    assert.equal(all.length, 40);
    for (const [index, { cursor }] of all.entries()) {
      assert.deepEqual((await read(logs, cursor)).map(inShort), all.slice(index + 1).map(inShort));
    }
    assert.equal(all.at(-1)?.cursor, await logs.end('a'));
  });

  test('stay as they are while the next are read', async t => {
    const records = Array.from({ length: 9_000 }, (_, index) => record('stdout', 'F', `line ${index}`));
    const { logs } = await logOf(t, [Buffer.concat(records)]);
    const pieces = await read(logs);
    assert.deepEqual(
      pieces.map(inShort),
      Array.from({ length: 9_000 }, (_, index) => `stdout line ${index}$`),
    );
  });

  test('that are no longer kept are told by a gap', async t => {
    const { logs } = await logOf(t, [record('stdout', 'F', 'a'), record('stdout', 'F', 'b')]);
    const [first] = await read(logs);
    await rm(join(dirname(await logs.create('a')), '0'.repeat(16)));
    assert.deepEqual((await read(logs)).map(inShort), ['stdout b$']);
    const { logs: rotated, active } = await logOf(t, [record('stdout', 'F', 'a')]);
    await writeFile(join(dirname(active), '100'.padStart(16, '0')), '');
    assert.deepEqual((await read(rotated)).map(inShort), ['gap 100', 'stdout a$']);
    assert.equal(first?.cursor, record('stdout', 'F', 'a').length);
  });

  test('are followed up to an end that is told later, and not further', async t => {
    const { logs, active } = await logOf(t, [record('stdout', 'P', 'a')]);
    const end = Promise.withResolvers<number>();
    const seen: string[] = [];
    const reader = (async () => {
      for await (const block of logs.readPieces('a', { end: end.promise })) seen.push(...block.map(inShort));
    })();
    await appendFile(active, record('stderr', 'F', 'b'));
    await new Promise(resolve => setTimeout(resolve, 20));
    await appendFile(active, record('stdout', 'F', 'c'));
    end.resolve(await logs.end('a'));
    await appendFile(active, record('stdout', 'F', 'of the next'));
    await reader;
    assert.deepEqual(seen, ['stdout a', 'stderr b$', 'stdout c$']);
  });

  test('end at once with their signal, and when nobody reads on', async t => {
    const { logs } = await logOf(t, [record('stdout', 'F', 'a')]);
    const never = new Promise<number>(() => {});
    const stop = new AbortController();
    const reader = Array.fromAsync(logs.readPieces('a', { end: never, signal: stop.signal }));
    setTimeout(() => stop.abort(), 20);
    assert.equal((await reader).length, 1);
    for await (const block of logs.readPieces('a', { end: never })) {
      assert.equal(block.length, 1);
      break;
    }
  });

  test('of a log that is not there are none; a cursor beyond the end is the start', async t => {
    const { logs } = await logOf(t, [record('stdout', 'F', 'a')]);
    assert.deepEqual(await Array.fromAsync(logs.readPieces('b', {})), []);
    assert.equal(await logs.end('b'), 0);
    assert.deepEqual((await read(logs, 1e9)).map(inShort), ['stdout a$']);
    assert.throws(() => logs.readPieces('../a', {}));
  });
});
