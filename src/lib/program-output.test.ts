import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ProgramOutput } from './program-output.ts';

/** The two ends of a connection. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const writer = connect(port, '127.0.0.1');
  const [reader] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [writer, reader];
}

test('output is complete when its reader has got it', async () => {
  const [writer, source] = await pair();
  const output = new ProgramOutput(source);
  let seen = '';
  output.stream.on('data', chunk => {
    seen += chunk;
  });
  writer.end('all of it');
  await output.complete;
  assert.equal(seen, 'all of it');
});

test('output that nobody reads yet is kept, and waited for', async () => {
  const [writer, source] = await pair();
  const output = new ProgramOutput(source);
  writer.end('kept');
  assert.equal(await Promise.race([output.complete, delay(100, 'late')]), 'late');
  assert.equal(await text(output.stream), 'kept');
  await output.complete;
});

test('output that is none needs no reader', async () => {
  const [writer, source] = await pair();
  const output = new ProgramOutput(source);
  writer.end();
  await output.complete;
});

test('output of which somebody else has the other end is finished after a silence', async () => {
  const [writer, source] = await pair();
  const output = new ProgramOutput(source);
  const seen = text(output.stream);
  writer.write('x'.repeat(300_000));
  await output.finish();
  assert.equal((await seen).length, 300_000);
  writer.destroy();
});

test('output that is written without end is finished all the same', async () => {
  const [writer, source] = await pair();
  const output = new ProgramOutput(source);
  output.stream.resume();
  writer.on('error', () => {});
  const timer = setInterval(() => writer.write('x'.repeat(100_000)), 1);
  await output.finish();
  clearInterval(timer);
  writer.destroy();
});

test('a reader that goes away lets everything pass', async () => {
  const [writer, source] = await pair();
  const output = new ProgramOutput(source);
  output.stream.destroy();
  writer.end('x'.repeat(2_000_000));
  await output.complete;
});

test('a slow reader is waited for', async () => {
  const [writer, source] = await pair();
  const output = new ProgramOutput(source);
  writer.write('x'.repeat(20_000_000));
  await delay(100);
  assert.ok(writer.writableLength > 0, 'it is not read');
  const seen = text(output.stream);
  writer.end();
  await output.complete;
  assert.equal((await seen).length, 20_000_000);
});
