import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LogPiece, LogStream } from '../../../logs/logs.ts';
import { fittingLength } from './encoded-length.ts';
import { type Output, OutputJoiner } from './output-joiner.ts';

const limits = { maxEncodedBytes: 60, silenceMs: 200 };

function piece(text: string | Buffer, options: Partial<LogPiece> = {}): LogPiece {
  const ends = typeof text === 'string' && text.endsWith('\n');
  const bytes = typeof text === 'string' ? Buffer.from(ends ? text.slice(0, -1) : text) : text;
  return { type: 'piece', cursor: 1, atMs: 0, stream: 'stdout', bytes, endsLine: ends, ...options };
}

const exact = ({ text, endsLine }: Output) => text + (endsLine ? '\n' : '');

function join(pieces: readonly LogPiece[], joiner = new OutputJoiner(limits)): string[] {
  const out: Output[] = [];
  for (const each of pieces) joiner.take(each, out);
  return out.map(exact);
}

describe('the joiner', () => {
  test('gives on whole lines of each stream', () => {
    const pieces = [
      piece('a'),
      piece('x', { stream: 'stderr' }),
      piece('b\n'),
      piece('\n'),
      piece('y\n', { stream: 'stderr' }),
      piece('rest'),
    ];
    assert.deepEqual(join(pieces), ['ab\n', '\n', 'xy\n']);
  });

  test('gives on what there is after silence, and the newline that comes later by itself', () => {
    const joiner = new OutputJoiner(limits);
    assert.deepEqual(join([piece('name: ')], joiner), []);
    assert.equal(joiner.isWaiting, true);
    const out: Output[] = [];
    joiner.silence(out);
    assert.deepEqual(out.map(exact), ['name: ']);
    assert.equal(joiner.isWaiting, false);
    joiner.take(piece('\n', { atMs: 5_000 }), out);
    assert.deepEqual(out.map(exact), ['name: ', '\n']);
    assert.deepEqual([out[0]?.continues, out[1]?.continues], [false, true]);
  });

  test('makes the same of it when there was silence long ago', () => {
    assert.deepEqual(join([piece('name: '), piece('x\n', { atMs: 199 })]), ['name: x\n']);
    assert.deepEqual(join([piece('name: '), piece('x\n', { atMs: 200 })]), ['name: ', 'x\n']);
  });

  test('joins a character over pieces and over silence', () => {
    const bytes = Buffer.from('✓');
    const joiner = new OutputJoiner(limits);
    const out: Output[] = [];
    joiner.take(piece(bytes.subarray(0, 2)), out);
    assert.equal(joiner.isWaiting, false);
    joiner.silence(out);
    joiner.take(piece(bytes.subarray(2), { atMs: 1_000 }), out);
    assert.deepEqual(out, []);
    joiner.silence(out);
    assert.deepEqual(out.map(exact), ['✓']);
  });

  test('gives on everything at the end', () => {
    const joiner = new OutputJoiner(limits);
    const out: Output[] = [];
    joiner.take(piece('out'), out);
    joiner.take(piece(Buffer.from([0x61, 0xe2, 0x9c]), { stream: 'stderr' }), out);
    joiner.end(out);
    assert.deepEqual(out.map(exact), ['out', 'a\ufffd']);
    assert.deepEqual(joiner.held(), []);
  });

  test('cuts a line where it would be too long in JSON', () => {
    assert.deepEqual(join([piece(`${'x'.repeat(120)}\n`)]), ['x'.repeat(58), 'x'.repeat(58), 'xxxx\n']);
    assert.deepEqual(join([piece(`${'\x01'.repeat(20)}\n`)]), [
      '\x01'.repeat(9),
      '\x01'.repeat(9),
      '\x01\x01\n',
    ]);
  });
});

const encodedBytes = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2;

test('what fits is as long as JSON makes it, and a whole number of characters', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 20, maxLength: 200 }),
      fc.integer({ min: 12, max: 80 }),
      (text, limit) => {
        const bytes = Buffer.from(text);
        const length = fittingLength(bytes, limit);
        const start = bytes.toString('utf8', 0, length);
        assert.ok(text.startsWith(start));
        assert.ok(encodedBytes(start) <= limit);
        const next = Array.from(text.slice(start.length))[0];
        if (next !== undefined) assert.ok(encodedBytes(start + next) > limit);
      },
    ),
  );
});

const anyPiece = fc.record({
  stream: fc.constantFrom<LogStream>('stdout', 'stderr'),
  endsLine: fc.boolean(),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map(bytes => Buffer.from(bytes.filter(byte => byte !== 0x0a))),
    fc.string({ unit: 'binary', maxLength: 40 }).map(text => Buffer.from(text.replaceAll('\n', ''))),
  ),
  waitMs: fc.constantFrom(0, 0, 0, 300),
  silent: fc.integer({ min: 0, max: 5 }).map(n => n === 0),
});

test('whatever is written comes whole, once and in order, also when another joiner goes on', () => {
  fc.assert(
    fc.property(fc.array(anyPiece, { maxLength: 30 }), pieces => {
      let joiner = new OutputJoiner(limits);
      const out: Output[] = [];
      let atMs = 0;
      for (const { stream, endsLine, bytes, waitMs, silent } of pieces) {
        atMs += waitMs;
        joiner.take({ type: 'piece', cursor: 1, atMs, stream, bytes, endsLine }, out);
        if (silent) joiner.silence(out);
        joiner = new OutputJoiner(limits, joiner.held());
      }
      joiner.end(out);
      for (const stream of ['stdout', 'stderr'] as const) {
        const written = pieces
          .filter(each => each.stream === stream)
          .flatMap(each => [each.bytes, Buffer.from(each.endsLine ? '\n' : '')]);
        const given = out.filter(each => each.stream === stream);
        assert.equal(given.map(exact).join(''), Buffer.concat(written).toString());
      }
      for (const each of out) assert.ok(encodedBytes(exact(each)) <= limits.maxEncodedBytes);
    }),
    { numRuns: 500 },
  );
});
