import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, ConnectionError } from './errors.ts';
import { EventParser } from './event-parser.ts';
import { type EventSourceOptions, type ReconnectOptions, readEvents } from './events.ts';

const reconnect: ReconnectOptions = {
  firstDelayMs: 1,
  longestDelayMs: 5,
  giveUpAfterMs: 50,
  longestSilenceMs: 1000,
};

/** A connection that sends these pieces and then ends, or breaks. */
function connection(pieces: string[], end: 'ends' | 'breaks' | 'hangs' = 'ends'): Response {
  const left = pieces.map(piece => new TextEncoder().encode(piece));
  return new Response(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) controller.enqueue(piece);
        else if (end === 'ends') controller.close();
        else if (end === 'breaks') controller.error(new TypeError('terminated'));
        else return new Promise(() => {});
        return undefined;
      },
    }),
  );
}

async function read(options: Omit<EventSourceOptions, 'reconnect'>): Promise<string[]> {
  const data: string[] = [];
  for await (const event of readEvents({ reconnect, ...options })) data.push(event.data);
  return data;
}

test('events are put together from pieces of any size', () => {
  const text =
    ': hello\n\nid: 1\ndata: one\r\n\r\nid: 2\rdata:two\rdata:  more\r\rdata\n\nid: 3\ndata: ä\n\n';
  for (let size = 1; size <= text.length; size++) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
    assert.deepEqual(events, [
      { id: '1', data: 'one' },
      { id: '2', data: 'two\n more' },
      { id: '2', data: '' },
      { id: '3', data: 'ä' },
    ]);
  }
});

test('an event without its empty line is not an event', () => {
  assert.deepEqual(new EventParser().push('data: half\n'), []);
});

test('a finished stream ends the iteration', async () => {
  const data = await read({
    open: async () => connection(['data: a\n\n', 'data: b\n\n']),
    finished: () => true,
  });
  assert.deepEqual(data, ['a', 'b']);
});

test('a broken connection is opened again after the last event id', async () => {
  const asked: (string | undefined)[] = [];
  const connections = [
    connection(['id: 7\ndata: a\n\nid: 8\ndata: b\n\ndata: ha'], 'breaks'),
    connection(['id: 9\ndata: c\n\n']),
  ];
  const open = async (_: AbortSignal, lastEventId: string | undefined) => {
    asked.push(lastEventId);
    const next = connections.shift();
    if (next === undefined) throw new ConnectionError('http://x', 'ECONNREFUSED');
    return next;
  };
  assert.deepEqual(await read({ open, finished: () => true }), ['a', 'b', 'c']);
  assert.deepEqual(asked, [undefined, '8']);
});

test('a stream that ended before its time is opened again', async () => {
  let opened = 0;
  const open = async () => {
    opened += 1;
    return connection([`id: ${opened}\ndata: ${opened}\n\n`]);
  };
  assert.deepEqual(await read({ open, finished: () => opened === 3 }), ['1', '2', '3']);
});

test('a refused stream is not tried again', async () => {
  let opened = 0;
  const open = async () => {
    opened += 1;
    throw new ApiError({ code: 'NotFound', status: 404, message: 'backend not found', requestId: undefined });
  };
  await assert.rejects(read({ open, finished: () => true }), { code: 'NotFound' });
  assert.equal(opened, 1);
});

test('a server that stays away is given up', async () => {
  const open = async () => {
    throw new ConnectionError('http://127.0.0.1:1', 'ECONNREFUSED');
  };
  await assert.rejects(read({ open, finished: () => true }), /ECONNREFUSED/);
});

test('a connection that went silent is opened again', async () => {
  const connections = [connection(['id: 1\ndata: a\n\n'], 'hangs'), connection(['id: 2\ndata: b\n\n'])];
  const open = async (signal: AbortSignal) => {
    const response = connections.shift() ?? connection([]);
    const body = response.body?.pipeThrough(new TransformStream(), { signal });
    return new Response(body ?? null);
  };
  const data: string[] = [];
  const quick = { ...reconnect, longestSilenceMs: 20 };
  for await (const event of readEvents({ open, finished: () => true, reconnect: quick }))
    data.push(event.data);
  assert.deepEqual(data, ['a', 'b']);
});

test('an abort ends the iteration without an error', async () => {
  const abort = new AbortController();
  const open = async (signal: AbortSignal) => {
    const body = connection(['data: a\n\n'], 'hangs').body?.pipeThrough(new TransformStream(), { signal });
    return new Response(body ?? null);
  };
  const data: string[] = [];
  for await (const event of readEvents({ open, finished: () => true, signal: abort.signal, reconnect })) {
    data.push(event.data);
    abort.abort();
  }
  assert.deepEqual(data, ['a']);
});
