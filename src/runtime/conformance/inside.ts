import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import { ConnectError, type ExecProcess, type LooksInside, looksInside, type Runtime } from '../runtime.ts';
import { gentle } from './programs.ts';
import { eventually, isRuntimeError, node, sharedWorld } from './world.ts';

/** Listens where it is told, greets, and answers in capitals. */
const shouting = `
  const server = require('net').createServer({ allowHalfOpen: true }, socket => {
    socket.write('welcome ');
    socket.on('data', data => socket.write(String(data).toUpperCase())).on('end', () => socket.end());
    socket.on('error', () => {});
  });
  server.listen(0, process.env.ADDRESS, () => console.log(server.address().port));
`;

export function insidePromises(subject: URL, { isolation }: { isolation: boolean }): void {
  describe('inside a workload', () => {
    const world = sharedWorld(subject);
    let id = '';
    before(async () => {
      ({ id } = await world().runUntilUp(gentle));
    });

    const runtime = (): Runtime & LooksInside => {
      const { runtime } = world();
      if (!looksInside(runtime)) throw new Error('the runtime does not look inside');
      return runtime;
    };
    const listen = async (ADDRESS: string): Promise<{ session: ExecProcess; port: number }> => {
      const session = await world().runtime.exec(id, { command: node(shouting), env: { ADDRESS } });
      session.stderr.resume();
      const [port] = await once(session.stdout, 'data');
      return { session, port: Number(port) };
    };
    const connect = (host: string, port: number, timeoutMs = 10_000, signal = new AbortController().signal) =>
      runtime().connect(id, { host, port, timeoutMs, signal });

    test('ports that programs listen on are told while they do', async () => {
      const [one, other] = [await listen('127.0.0.1'), await listen('0.0.0.0')];
      const find = async (wanted: number) =>
        (await runtime().listeningPorts(id)).filter(({ port }) => port === wanted);
      for (const [{ port, session }, address] of [
        [one, '127.0.0.1'],
        [other, '0.0.0.0'],
      ] as const) {
        const [found, ...more] = await find(port);
        assert.deepEqual(more, []);
        assert.deepEqual([found?.address, found?.pid], [address, session.pid]);
        assert.equal(found?.lineage[0], session.pid);
      }
      for (const { session } of [one, other]) session.kill('SIGKILL');
      await eventually(
        'their ends',
        async () => (await find(one.port)).length + (await find(other.port)).length === 0,
      );
    });

    test('a port tells whose child listens, and in whose session', async () => {
      const command = ['sh', '-c', '"$@" & wait', 'sh', ...node(shouting)];
      const env = { ADDRESS: '127.0.0.1' };
      const session = await world().runtime.exec(id, { command, env });
      session.stderr.resume();
      const [said] = await once(session.stdout, 'data');
      const found = (await runtime().listeningPorts(id)).find(({ port }) => port === Number(said));
      assert.notEqual(found?.pid, session.pid);
      assert.ok(found?.lineage.includes(session.pid), `${found?.lineage.join()} of ${session.pid}`);
      session.kill('SIGKILL');
      await session.exited;
      const orphan = await world().runtime.exec(id, {
        command: ['sh', '-c', '"$@" & sleep 1000', 'sh', 'sh', '-c', '"$@" &', 'sh', ...node(shouting)],
        env,
      });
      orphan.stderr.resume();
      const [told] = await once(orphan.stdout, 'data');
      const left = (await runtime().listeningPorts(id)).find(({ port }) => port === Number(told));
      assert.ok(left?.lineage.includes(orphan.pid), `${left?.lineage.join()} of ${orphan.pid}`);
      orphan.kill('SIGKILL');
      await orphan.exited;
    });

    test('ports of others are not told', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const found = await runtime().listeningPorts(id);
      assert.equal(
        found.some(one => one.port === port),
        false,
      );
      server.close();
    });

    test('its own loopback is reached, by address and by name', async () => {
      const { session, port } = await listen('127.0.0.1');
      for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST', '[127.0.0.1]']) {
        const socket = await connect(host, port);
        assert.equal(socket.remoteAddress, '127.0.0.1');
        assert.equal(socket.remotePort, port);
        socket.end('hello');
        assert.equal(await text(socket), 'welcome HELLO');
      }
      session.kill('SIGKILL');
    });

    test('much goes through a connection, many at a time', async () => {
      const { session, port } = await listen('127.0.0.1');
      await Promise.all(
        Array.from({ length: 30 }, async () => {
          const socket = await connect('localhost', port);
          socket.end('x'.repeat(500_000));
          assert.equal((await text(socket)).length, 'welcome '.length + 500_000);
        }),
      );
      session.kill('SIGKILL');
    });

    test('a connection ends with its program', async () => {
      const { session, port } = await listen('127.0.0.1');
      const socket = await connect('localhost', port);
      socket.on('error', () => {}); // it may be reset
      const closed = new Promise(resolve => socket.once('close', resolve));
      socket.resume();
      session.kill('SIGKILL');
      await closed;
    });

    test('what can not be reached is told', async () => {
      const { session, port } = await listen('127.0.0.1');
      session.kill('SIGKILL');
      await eventually('its end', async () =>
        (await runtime().listeningPorts(id)).every(one => one.port !== port),
      );
      await assert.rejects(connect('localhost', port), ConnectError);
      await assert.rejects(connect('no-such-name.invalid', 80, 5_000), ConnectError);
      await assert.rejects(connect('', 80, 5_000), ConnectError);
      await assert.rejects(connect('localhost', 65_536), ConnectError);
    });

    test('a request can be given up', async () => {
      const reason = new Error('given up');
      await assert.rejects(connect('localhost', 1, 10_000, AbortSignal.abort(reason)), reason);
    });

    test(`its loopback is ${isolation ? 'not ' : ''}the server’s own`, async () => {
      const server = createServer(socket => socket.end('host')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      if (isolation) await assert.rejects(connect('localhost', port), ConnectError);
      else assert.equal(await text(await connect('localhost', port)), 'host');
      server.close();
    });

    test('there must be one', async () => {
      await assert.rejects(runtime().listeningPorts('unknown'), isRuntimeError('not-found'));
      const { signal } = new AbortController();
      const request = { host: 'localhost', port: 1, timeoutMs: 1_000, signal };
      await assert.rejects(runtime().connect('unknown', request), isRuntimeError('not-found'));
      const ended = await world().run({ command: ['true'] });
      await world().exit(ended.id);
      await assert.rejects(runtime().listeningPorts(ended.id), isRuntimeError('not-found'));
      await assert.rejects(runtime().connect(ended.id, request), isRuntimeError('not-found'));
    });
  });
}
