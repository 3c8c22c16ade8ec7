import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError, ResponseParser } from './response-parser.ts';

interface Seen {
  informational: number[];
  status: number;
  headers: string[];
  body: string;
  trailers: string[];
  ends: number;
  done: boolean;
  keepAlive: boolean;
}

/** Parses the pieces as they would come off a connection, which is closed at last. */
function parse(pieces: readonly string[], method = 'GET', close = false): Seen {
  const seen: Seen = {
    informational: [],
    status: 0,
    headers: [],
    body: '',
    trailers: [],
    ends: 0,
    done: false,
    keepAlive: false,
  };
  const parser = new ResponseParser();
  const sink = {
    informational: (head: { status: number }) => seen.informational.push(head.status),
    head: (head: { status: number; headers: string[] }, last: boolean) => {
      seen.status = head.status;
      seen.headers = head.headers;
      if (last) seen.ends++;
    },
    data: (chunk: Buffer, last: boolean) => {
      seen.body += chunk.toString('latin1');
      if (last) seen.ends++;
    },
    end: (trailers: string[]) => {
      seen.trailers = trailers;
      seen.ends++;
    },
  };
  parser.expect(sink, method, false);
  for (const piece of pieces) parser.push(Buffer.from(piece, 'latin1'));
  if (close) parser.close();
  seen.done = parser.done;
  seen.keepAlive = parser.keepAlive;
  return seen;
}

const whole: [what: string, text: string, method: string, close: boolean, expected: Partial<Seen>][] = [
  [
    'a body of known length',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA:  b \r\n\r\nhello',
    'GET',
    false,
    { status: 200, headers: ['Content-Length', '5', 'A', 'b'], body: 'hello', keepAlive: true },
  ],
  [
    'a chunked body with extensions and trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a="b"\r\nhello\r\n0A \r\n0123456789\r\n0\r\nX: y\r\n\r\n',
    'GET',
    false,
    { body: 'hello0123456789', trailers: ['X', 'y'], keepAlive: true },
  ],
  [
    'a body that ends with the connection',
    'HTTP/1.1 200 OK\r\n\r\nhello',
    'GET',
    true,
    { body: 'hello', keepAlive: false },
  ],
  ['an old response', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 'GET', false, { keepAlive: false }],
  [
    'an old response on a kept connection',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
    'GET',
    false,
    { keepAlive: true },
  ],
  [
    'a last response',
    'HTTP/1.1 200 OK\r\nConnection: X, Close\r\nX: y\r\nContent-Length: 0\r\n\r\n',
    'GET',
    false,
    { headers: ['Content-Length', '0'], keepAlive: false },
  ],
  [
    'a response to HEAD',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    'HEAD',
    false,
    { body: '', keepAlive: true },
  ],
  ['a response without a reason', 'HTTP/1.1 304\r\n\r\n', 'GET', false, { status: 304, body: '' }],
  [
    'informational responses before the final one',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n',
    'GET',
    false,
    { informational: [100, 103], status: 204 },
  ],
  [
    'more than was asked for, which spoils the connection',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab',
    'GET',
    false,
    { body: 'a', keepAlive: false },
  ],
];

for (const [what, text, method, close, expected] of whole) {
  test(`${what} is read the same however it is cut into pieces`, () => {
    const full = parse([text], method, close);
    assert.deepEqual({ ...full, ...expected }, full);
    assert.equal(full.ends, 1);
    assert.equal(full.done, true);
    assert.deepEqual(parse(text.split(''), method, close), full);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), cuts => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((place, i) => text.slice(places[i], place));
        assert.deepEqual(parse(pieces, method, close), full);
      }),
    );
  });
}

test('no input makes the parser do anything but read or refuse', () => {
  const start = fc.constantFrom(
    '',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const word = fc.constantFrom(
    '\r\n',
    '\n',
    '\r',
    ':',
    ' ',
    '0',
    'f',
    'HTTP/1.1',
    '101',
    'Content-Length',
    'é',
    '\0',
  );
  fc.assert(
    fc.property(start, fc.array(word, { maxLength: 20 }), fc.boolean(), (begin, words, close) => {
      try {
        parse([begin, ...words], 'GET', close);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
