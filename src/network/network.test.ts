import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findTool, runCommand } from '../lib/command.ts';
import { type Endpoint, listEndpoints } from './endpoint.ts';
import { Network } from './network.ts';

const root = process.getuid?.() === 0;
const tools = (await findTool('ip')) && (await findTool('nft'));
const skip = root && tools ? false : 'needs root, ip and nft';

/** Answers every connection with the address that it came from. */
const echoAddress =
  'require("node:net").createServer(s => s.end(s.remoteAddress)).listen(8080, "0.0.0.0", () => console.log("up"))';

/** Prints what a connection was answered, or `silent`. */
const ask = `
  const [host, local] = process.argv.slice(1);
  const socket = require('node:net').connect({ host, port: 8080, localAddress: local });
  const end = word => { console.log(word); process.exit(); };
  socket.on('data', data => end(String(data))).on('error', error => end(error.code));
  setTimeout(() => end('silent'), 700);
`;

/** Prints what comes, until something comes that was sent last. */
const printDatagrams = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.on('message', message => {
    if (String(message) === 'last') process.exit();
    console.log(String(message));
  });
  socket.bind(8080, () => console.log('up'));
`;

/** Sends a datagram from each of its addresses, and a last one. */
const send = `
  const [host, ...sources] = process.argv.slice(1);
  const { createSocket } = require('node:dgram');
  const from = (source, text, then) => {
    const socket = createSocket('udp4').bind(0, source, () =>
      socket.send(text, 8080, host, () => { socket.close(); then(); }));
  };
  const next = ([source, ...rest]) =>
    rest.length === 0
      ? from(source, 'from ' + source, () => from(source, 'last', () => {}))
      : from(source, 'from ' + source, () => next(rest));
  next(sources);
`;

async function serve(namespace: string): Promise<() => void> {
  const server = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', echoAddress], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  return () => server.kill('SIGKILL');
}

async function answer(namespace: string, ...args: string[]): Promise<string> {
  const { stdout } = await runCommand('ip', [
    'netns',
    'exec',
    namespace,
    process.execPath,
    '-e',
    ask,
    ...args,
  ]);
  return stdout.trim();
}

async function hostReaches(host: string): Promise<boolean> {
  const socket = connect({ host, port: 8080, timeout: 1_000 });
  socket.on('timeout', () => socket.destroy(new Error('silent')));
  const reached = await once(socket, 'data').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return reached;
}

describe('the network of workloads', { skip, timeout: 120_000 }, () => {
  let dataDir: string;
  let network: Network;
  let one: Endpoint;
  let two: Endpoint;
  before(async () => {
    dataDir = await realpath(await mkdtemp(join(tmpdir(), 'berth-network-')));
    network = new Network({ dataDir, poolSize: 2 });
    await network.open();
    network.adopt([]);
    [one, two] = await Promise.all([network.lease(), network.lease()]);
  });
  after(async () => {
    await Promise.all([network.release(one.name), network.release(two.name)]);
    await network.close();
    assert.deepEqual(await listEndpoints(network.prefix), []);
    await rm(dataDir, { recursive: true });
  });

  test('lets the host reach a workload, and others only where a pair is allowed, one way', async () => {
    const stops = [await serve(one.name), await serve(two.name)];
    assert.equal(await hostReaches(one.address), true);
    assert.equal(await answer(two.name, one.address), 'silent');
    await network.allow(two.address, one.address);
    assert.equal(await answer(two.name, one.address), two.address);
    assert.equal(await answer(one.name, two.address), 'silent');
    await network.disallow(two.address, one.address);
    assert.equal(await answer(two.name, one.address), 'silent');
    for (const stop of stops) stop();
  });

  test('drops packets under an address that is not their own', async () => {
    const stolen = one.address.replace(/\d+$/, '250');
    await Promise.all([stolen, two.address].map(address => network.allow(address, one.address)));
    await runCommand('ip', ['-n', two.name, 'addr', 'add', `${stolen}/32`, 'dev', 'eth0']);
    const receiver = spawn('ip', ['netns', 'exec', one.name, process.execPath, '-e', printDatagrams], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const received: string[] = [];
    receiver.stdout.on('data', (chunk: Buffer) => received.push(...chunk.toString().trim().split('\n')));
    const ended = once(receiver, 'close');
    await once(receiver.stdout, 'data');
    await runCommand('ip', [
      'netns',
      'exec',
      two.name,
      process.execPath,
      '-e',
      send,
      one.address,
      stolen,
      two.address,
    ]);
    await ended;
    assert.deepEqual(received, ['up', `from ${two.address}`]);
  });

  test('lets workloads out under the address of the host, but not to link-local addresses', async () => {
    const outside = `out${process.pid}`;
    await runCommand('ip', ['-batch', '-'], {
      input: [
        `netns add ${outside}`,
        `link add ${outside} type veth peer name eth0 netns ${outside}`,
        // TEST-NET-2 of RFC 5737, and the block of RFC 3927 where clouds have their credentials.
        `addr add 198.51.100.1/30 dev ${outside}`,
        `addr add 169.254.77.1/30 dev ${outside}`,
        `link set dev ${outside} up`,
      ].join('\n'),
    });
    await runCommand('ip', ['-n', outside, '-batch', '-'], {
      input: [
        'addr add 198.51.100.2/30 dev eth0',
        'addr add 169.254.77.2/30 dev eth0',
        'link set dev eth0 up',
      ].join('\n'),
    });
    const stop = await serve(outside);
    try {
      assert.equal(await answer(one.name, '198.51.100.2'), '198.51.100.1');
      assert.equal(await hostReaches('169.254.77.2'), true);
      assert.equal(await answer(one.name, '169.254.77.2'), 'silent');
    } finally {
      stop();
      await runCommand('ip', ['netns', 'del', outside]);
    }
  });

  test('gives a burst of fifty their own addresses', { timeout: 60_000 }, async () => {
    const leases = await Promise.all(Array.from({ length: 50 }, () => network.lease()));
    assert.equal(new Set(leases.map(({ address }) => address)).size, 50);
    await Promise.all(leases.map(({ name }) => network.release(name)));
    const left = await listEndpoints(network.prefix);
    assert.ok(left.every(name => leases.every(lease => lease.name !== name)));
  });

  test('takes the block it had before, removes what nobody has, and keeps what is adopted', async () => {
    const other = new Network({ dataDir: join(dataDir, 'other'), poolSize: 0 });
    await other.open();
    other.adopt([]);
    const [kept, stray] = [await other.lease(), await other.lease()];
    await other.close();

    const next = new Network({ dataDir: join(dataDir, 'other'), poolSize: 0 });
    await next.open();
    assert.equal(next.subnet, other.subnet);
    assert.notEqual(next.subnet, network.subnet);
    next.adopt([kept.name]);
    assert.notEqual((await next.lease()).slot, kept.slot);
    await next.release(stray.name);
    assert.ok((await listEndpoints(next.prefix)).includes(kept.name));
    for (const name of await listEndpoints(next.prefix)) await next.release(name);
    await next.close();
    assert.deepEqual(await listEndpoints(next.prefix), []);
  });

  test('does not take a block that the machine uses', async () => {
    const greedy = new Network({ dataDir: join(dataDir, 'greedy'), subnet: network.subnet });
    await assert.rejects(greedy.open(), /overlaps addresses that this machine uses/);
    await greedy.close();
  });
});
