import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { ListeningSockets, listeningSockets, parseSocket, SocketOwners } from './listening-sockets.ts';

const rest = '00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0';

test('the tables of the kernel are read', () => {
  const cases = {
    '0100007F:1538': ['127.0.0.1', 5432],
    '00000000:0050': ['0.0.0.0', 80],
    '00000000000000000000000000000000:1F90': ['::', 8080],
    '00000000000000000000000001000000:0016': ['::1', 22],
    '0000000000000000FFFF00000200000A:0016': ['10.0.0.2', 22],
    'B80D0120000000000000000001000000:FFFF': ['2001:db8::1', 65_535],
  };
  for (const [local, [address, port]] of Object.entries(cases)) {
    const remote = local.length > 20 ? rest.replace('00000000:', `${'0'.repeat(32)}:`) : rest;
    assert.deepEqual(parseSocket(`   0: ${local} ${remote}`), { address, port, inode: '4711' });
  }
});

test('sockets that do not listen, and other lines, are left out', () => {
  assert.equal(parseSocket(`   0: 0100007F:1538 ${rest.replace(' 0A ', ' 01 ')}`), undefined);
  assert.equal(parseSocket(''), undefined);
});

test('a listening socket is found with its process', { skip: process.platform !== 'linux' }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const find = async () => (await listeningSockets('/proc/self')).find(socket => socket.port === port);
  const found = await find();
  assert.equal(found?.address, '127.0.0.1');
  const owners = new SocketOwners();
  const inodes = new Set([found.inode]);
  const none = async () => [];
  assert.equal((await owners.find(inodes, none)).get(found.inode), undefined);
  assert.equal((await owners.find(inodes, async () => [1, process.pid])).get(found.inode), process.pid);
  assert.equal((await owners.find(inodes, none)).get(found.inode), process.pid);
  assert.equal((await owners.find(new Set(), none)).size, 0);
  server.close();
  await once(server, 'close');
  assert.equal(await find(), undefined);
});

test('what is told of sockets follows their number, and what else is known', async () => {
  const sockets = new ListeningSockets();
  const listen = async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, port: (server.address() as { port: number }).port };
  };
  const { server, port } = await listen();
  const has = async (wanted: number) =>
    (await sockets.now('/proc/self', true)).some(one => one.port === wanted);
  assert.ok(await has(port));
  server.close();
  await once(server, 'close');
  assert.ok(!(await has(port)));
  assert.deepEqual(await new ListeningSockets().now('/no/such', false), []);
});

test('a socket that nobody has is looked for again, but seldom', async () => {
  const owners = new SocketOwners();
  let looks = 0;
  for (let n = 0; n < 100; n++) {
    await owners.find(new Set(['1']), async () => {
      looks++;
      return [];
    });
  }
  assert.ok(looks >= 5 && looks < 10, `${looks}`);
});
