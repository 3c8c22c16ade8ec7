import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Route } from './edge.ts';
import { World } from './testing/world.ts';

const upgrade = 'Connection: Upgrade\r\nUpgrade: raw\r\n';

/** What a workload may do, by the path it is asked for. */
const answers: Record<string, string> = {
  '/ok': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '/chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  '/close': '',
  '/half-head': 'HTTP/1.1 200',
  '/half-body': 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok',
  '/bad': 'nonsense\r\n\r\n',
  '/switch': `HTTP/1.1 101 Go\r\n${upgrade}\r\n`,
  '/wrong-switch': 'HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n',
};

const action = fc.record({
  path: fc.constantFrom(...Object.keys(answers), '/silence'),
  upgrade: fc.boolean(),
  body: fc.constantFrom('', 'whole', 'half'),
  leave: fc.constantFrom('at once', 'after an answer', 'by reset', 'after a while'),
  route: fc.constantFrom('none', 'end', 'forget', 'pend', 'ready'),
});

test('whatever goes wrong, the count of open connections returns to 0', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 12 }), async actions => {
      await using world = await World.open({ holdMs: 20, connectMs: 20, handshakeTimeoutMs: 20 });
      const counts: number[] = [];
      world.owner.connectionsChanged = (_, open) => counts.push(open);
      const route = await world.tcp('a1', socket => {
        socket.on('data', chunk => {
          const path = / (\S*) /.exec(chunk.toString())?.[1] ?? '';
          const answer = answers[path];
          if (answer === undefined) return;
          if (path === '/ok' || path === '/chunks' || path === '/switch') socket.write(answer);
          else socket.end(answer);
        });
      });
      const changes: Record<string, () => void> = {
        end: () => world.edge.update({ ...route, phase: 'ended' } satisfies Route),
        pend: () => world.edge.update({ ...route, phase: 'pending' } satisfies Route),
        ready: () => world.edge.update(route),
        forget: () => world.edge.forget('a1'),
      };
      const clients = [];
      for (const step of actions) {
        const client = await world.dial();
        clients.push(client);
        const length = step.body === '' ? '' : 'Content-Length: 4\r\n';
        const body = step.body === 'whole' ? 'abcd' : step.body === 'half' ? 'ab' : '';
        const method = step.body === '' ? 'GET' : 'POST';
        client.write(
          `${method} ${step.path} HTTP/1.1\r\nHost: a1.localhost\r\n${step.upgrade ? upgrade : length}\r\n${step.upgrade ? '' : body}`,
        );
        if (step.leave === 'at once') client.socket.destroy();
        if (step.leave === 'by reset') client.socket.resetAndDestroy();
        if (step.leave === 'after an answer') client.socket.once('data', () => client.socket.destroy());
        changes[step.route]?.();
      }
      await world.edge.close(30);
      assert.equal(counts.at(-1) ?? 0, 0);
      counts.reduce((before, after) => {
        assert.equal(Math.abs(after - before), 1);
        return after;
      }, 0);
    }),
    { numRuns: 40 },
  );
});
