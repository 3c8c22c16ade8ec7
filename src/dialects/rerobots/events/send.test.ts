import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { OutgoingEvent } from '../../../engine/index.ts';
import { eventSender } from './send.ts';

const signal = AbortSignal.timeout(20_000);

function event(url: string): OutgoingEvent {
  return {
    id: 'e1',
    seq: 1,
    subjectId: 'i1',
    deploymentId: 'd1',
    accountName: 'ada',
    kind: 'starting',
    wasReserved: false,
    url,
    failures: 0,
    dueAt: new Date(),
  };
}

/** @returns its port, and how often it was asked */
async function listen(t: TestContext, status: number) {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`);
    res.writeHead(status, { location: '/other' }).end('x'.repeat(1_000));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

test('what answers with 2xx has taken an event, nothing else has', async t => {
  for (const [status, wasTaken] of [
    [200, true],
    [204, true],
    [302, false],
    [404, false],
    [500, false],
  ] as const) {
    const { port, asked } = await listen(t, status);
    assert.equal(await eventSender('127.0.0.0/8')(event(`http://127.0.0.1:${port}/a?b`), signal), wasTaken);
    assert.deepEqual(asked, ['POST /a?b']);
  }
});

test('private addresses are not told, neither by number nor by name, unless they are allowed', async t => {
  const { port, asked } = await listen(t, 200);
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '[::1]']) {
    await assert.rejects(eventSender('10.0.0.0/8')(event(`http://${host}:${port}/`), signal), /not sent to/);
  }
  assert.deepEqual(asked, []);
  assert.equal(await eventSender('127.0.0.1, ::1')(event(`http://localhost:${port}/`), signal), true);
});

test('nobody who keeps silent is waited for', async t => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await assert.rejects(eventSender('127.0.0.1')(event(url), AbortSignal.timeout(100)));
});
