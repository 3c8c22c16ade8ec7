import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  numbers,
  outcomes,
  type Question,
  readQuestion,
  recordTypes,
  writeAnswer,
  writeBadAnswer,
  writeName,
} from './dns-message.ts';

const asks = 0x0100;

function message(
  { flags = asks, counts = [1, 0, 0, 0] }: { flags?: number; counts?: number[] } = {},
  ...rest: readonly Buffer[]
): Buffer {
  return Buffer.concat([numbers(7, flags, ...counts), ...rest]);
}

function ask(name: string, type: number = recordTypes.A): Buffer {
  return message({}, writeName(name), numbers(type, 1));
}

function question(bytes: Buffer): Question {
  const read = readQuestion(bytes);
  assert.ok(read !== undefined && 'name' in read, JSON.stringify(read));
  return read;
}

const edns = (bytes: number) => Buffer.concat([Buffer.of(0), numbers(recordTypes.OPT, bytes, 0, 0, 0)]);

describe('questions', () => {
  test('are read with what their answer depends on', () => {
    assert.deepEqual(question(ask('www.Example.com')), {
      id: 7,
      name: 'www.Example.com',
      type: 1,
      class: 1,
      recursionDesired: true,
      maxBytes: 512,
      edns: false,
    });
    assert.equal(question(ask('')).name, '');
    for (const [said, taken] of [
      [100, 512],
      [1_000, 1_000],
      [4_096, 1_232],
    ] as const) {
      const bytes = message({ counts: [1, 0, 0, 1] }, writeName('a'), numbers(1, 1), edns(said));
      assert.deepEqual([question(bytes).maxBytes, question(bytes).edns], [taken, true]);
    }
  });

  test('of names that no host has are refused', () => {
    for (const name of ['a b.com', 'a\0.com', 'é.com']) {
      assert.deepEqual(readQuestion(ask(name)), { id: 7, outcome: outcomes.refused }, name);
    }
  });

  const malformed: Record<string, Buffer> = {
    'no question': message({ counts: [0, 0, 0, 0] }),
    'two questions': message({ counts: [2, 0, 0, 0] }, writeName('a'), numbers(1, 1)),
    'an answer beside it': message({ counts: [1, 1, 0, 0] }, writeName('a'), numbers(1, 1)),
    'a name without end': message({}, Buffer.from('\x03www')),
    'a name that refers to itself': message({}, Buffer.of(0xc0, 12), numbers(1, 1)),
    'a label of a reserved kind': message({}, Buffer.of(0x40, 0), numbers(1, 1)),
    'a name that is too long': ask(Array.from({ length: 5 }, () => 'x'.repeat(63)).join('.')),
    'no type': message({}, writeName('a')),
    'an option that is cut off': message({ counts: [1, 0, 0, 1] }, writeName('a'), numbers(1, 1, 0)),
  };
  for (const [what, bytes] of Object.entries(malformed)) {
    test(`with ${what} are malformed`, () => {
      assert.deepEqual(readQuestion(bytes), { id: 7, outcome: outcomes.malformed });
    });
  }

  test('are not what is too short, or an answer; other orders are not known', () => {
    assert.equal(readQuestion(Buffer.alloc(11)), undefined);
    assert.equal(readQuestion(message({ flags: 0x8180 }, writeName('a'), numbers(1, 1))), undefined);
    assert.deepEqual(readQuestion(message({ flags: 5 << 11 })), { id: 7, outcome: outcomes.notImplemented });
  });

  test('may be any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), bytes => {
        const read = readQuestion(Buffer.from(bytes));
        if (read === undefined) return;
        if (!('name' in read)) assert.equal(writeBadAnswer(read).length, 12);
        else assert.ok(writeAnswer(read, outcomes.refused, [], read.maxBytes).length <= read.maxBytes);
      }),
    );
  });

  test('that are nearly right may be any bytes', () => {
    const right = message({ counts: [1, 0, 0, 1] }, writeName('www.example.com'), numbers(1, 1), edns(1_232));
    fc.assert(
      fc.property(fc.nat(right.length - 1), fc.nat(255), fc.nat(right.length), (at, value, length) => {
        const bytes = Buffer.from(right);
        bytes[at] = value;
        const read = readQuestion(bytes.subarray(0, length));
        if (read !== undefined && 'name' in read) writeAnswer(read, outcomes.refused, []);
      }),
    );
  });

  test('are read as they were written', () => {
    const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 8 }), fc.nat(0xffff), (labels, type) => {
        const read = question(ask(labels.join('.'), type));
        assert.deepEqual([read.name, read.type], [labels.join('.'), type]);
      }),
    );
  });
});

describe('answers', () => {
  const record = { type: recordTypes.A, ttlSeconds: 100_000, content: Buffer.of(192, 0, 2, 1) };

  test('repeat the question and refer to its name', () => {
    const bytes = writeAnswer(question(ask('a.b')), outcomes.fine, [record]);
    const asked = ask('a.b').subarray(12);
    assert.deepEqual(
      bytes,
      Buffer.concat([
        numbers(7, 0x8180, 1, 1, 0, 0),
        asked,
        numbers(0xc00c, 1, 1, 1, 34_464, 4),
        record.content,
      ]),
    );
  });

  test('that do not fit say so, and are whole over TCP', () => {
    const asked = question(ask('a.b'));
    const many = Array.from({ length: 40 }, () => record);
    const cut = writeAnswer(asked, outcomes.fine, many, asked.maxBytes);
    assert.deepEqual([cut.readUInt16BE(2), cut.readUInt16BE(6), cut.length], [0x8380, 0, 21]);
    assert.equal(writeAnswer(asked, outcomes.fine, many).readUInt16BE(6), 40);
  });
});
