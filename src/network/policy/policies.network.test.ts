import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { findTool, runCommand } from '../../lib/command.ts';
import type { Endpoint } from '../endpoint.ts';
import { Network } from '../network.ts';
import { outcomes, recordTypes } from './dns-message.ts';
import type { Found, NameSource } from './name-source.ts';

const root = process.getuid?.() === 0;
const tools = (await findTool('ip')) && (await findTool('nft'));
const skip = root && tools ? false : 'needs root, ip and nft';

/** Sends numbers, one after the other, to whoever connects; says so over UDP, too. */
const ticking = `
  const net = require('node:net');
  net.createServer(socket => {
    let n = 0;
    const timer = setInterval(() => socket.write(n++ + '\\n'), 20);
    socket.on('close', () => clearInterval(timer)).on('error', () => {});
  }).listen(8080, '0.0.0.0', () => console.log('up'));
`;

/** Does what it is told, a line of JSON at a time, and prints what came of it. */
const inside = `
  const net = require('node:net');
  const { Resolver } = require('node:dns').promises;
  const open = {};
  const connect = ({ host, port = 8080, keep }) => new Promise(resolve => {
    const socket = net.connect({ host, port });
    socket.on('error', error => resolve(error.code));
    socket.setTimeout(3000, () => resolve('silent'));
    socket.once('data', () => { resolve('connected'); if (!keep) socket.destroy(); });
    if (keep) { open[keep] = 0; socket.on('data', data => { open[keep] += data.length; }); }
  });
  const look = async ({ name, type = 'A', server = '192.0.2.53' }) => {
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([server]);
    return resolver.resolve(name, type).catch(error => error.code);
  };
  const raw = ({ host, bytes }) => new Promise(resolve => {
    const socket = net.connect({ host, port: 53 }, () => socket.write(Buffer.from(bytes, 'hex')));
    socket.on('data', data => { socket.destroy(); resolve(data.toString('hex')); });
    socket.on('error', error => resolve(error.code)).on('close', () => resolve('closed'));
  });
  const tasks = { connect, look, raw, received: ({ keep }) => open[keep] };
  require('node:readline').createInterface({ input: process.stdin }).on('line', async line => {
    const { id, task, ...rest } = JSON.parse(line);
    console.log(JSON.stringify({ id, result: await tasks[task](rest) }));
  });
  console.log('{}');
`;

class Inside {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #next = 0;

  constructor(namespace: string) {
    const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', inside], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', line => {
      const { id, result } = JSON.parse(line) as { id: number; result: unknown };
      this.#waiting.get(id)?.(result);
    });
  }

  run(task: string, order: object): Promise<unknown> {
    const id = this.#next++;
    const result = new Promise(resolve => this.#waiting.set(id, resolve));
    this.#child.stdin?.write(`${JSON.stringify({ id, task, ...order })}\n`);
    return result;
  }

  connect(host: string, order: object = {}): Promise<unknown> {
    return this.run('connect', { host, ...order });
  }

  look(name: string, order: object = {}): Promise<unknown> {
    return this.run('look', { name, ...order });
  }

  /** Whether a kept connection brings anything. */
  async flows(keep: string): Promise<boolean> {
    const before = await this.run('received', { keep });
    for (let tries = 0; tries < 25; tries++) {
      await delay(20);
      if ((await this.run('received', { keep })) !== before) return true;
    }
    return false;
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    if (this.#child.kill('SIGKILL')) await ended;
  }
}

/** So that two runs of this file at the same time are not in each other's way. */
const number = process.pid % 60;
const [near, far] = [`198.51.100.${8 + 4 * number + 1}`, `198.51.100.${8 + 4 * number + 2}`];
const one = `192.0.2.${8 + number}`;
const two = `203.0.113.${8 + number}`;
const lan = `192.168.255.${8 + number}`;

const names: NameSource = {
  async find(name, type): Promise<Found> {
    const known: Record<string, string[]> = {
      'one.test': [one],
      'two.test': [two],
      'sub.two.test': [two],
      'lan.test': [lan],
      'cloud.test': ['169.254.169.254'],
    };
    const found = known[name.toLowerCase()];
    const outcome = found === undefined ? outcomes.noSuchName : outcomes.fine;
    if (type !== recordTypes.A) return { outcome, addresses: [], records: [] };
    return { outcome, addresses: (found ?? []).map(address => ({ address, ttl: 5 })), records: [] };
  },
};

const allow = (domain: string) => ({ domain, action: 'allow' as const });
const deny = (domain: string) => ({ domain, action: 'deny' as const });

describe('policies in the packet filter', { skip, timeout: 180_000 }, () => {
  const outside = `net${process.pid}`;
  let dataDir: string;
  let network: Network;
  let workload: Endpoint;
  let program: Inside;
  let internet: ChildProcess;

  async function open(): Promise<Network> {
    const opened = new Network({ dataDir, poolSize: 0, names });
    await opened.open();
    return opened;
  }

  async function elements(set: string): Promise<string> {
    const tables = (await runCommand('nft', ['list', 'tables'])).stdout;
    const tag = network.prefix.slice(1, -1);
    if (!tables.includes(`berth_${tag}`)) return '';
    return (await runCommand('nft', ['list', 'set', 'inet', `berth_${tag}`, set])).stdout;
  }

  before(async () => {
    dataDir = await realpath(await mkdtemp(join(tmpdir(), 'berth-policies-')));
    await runCommand('ip', ['-batch', '-'], {
      input: [
        `netns add ${outside}`,
        `link add ${outside} type veth peer name eth0 netns ${outside}`,
        `addr add ${near}/30 dev ${outside}`,
        `link set dev ${outside} up`,
      ].join('\n'),
    });
    await runCommand('ip', ['-n', outside, '-batch', '-'], {
      input: [
        'link set dev lo up',
        `addr add ${far}/30 dev eth0`,
        ...[one, two, lan].map(address => `addr add ${address}/32 dev lo`),
        'link set dev eth0 up',
        `route add default via ${near}`,
      ].join('\n'),
    });
    for (const address of [one, two, lan]) {
      await runCommand('ip', ['route', 'add', address, 'via', far]);
    }
    internet = spawn('ip', ['netns', 'exec', outside, process.execPath, '-e', ticking], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(internet.stdout ?? internet, 'data');
    network = await open();
    network.adopt([]);
    workload = await network.lease();
    program = new Inside(workload.name);
  });

  after(async () => {
    await program.end();
    await network.release(workload.name);
    await network.close();
    assert.equal(await elements('policed'), '');
    const ended = once(internet, 'exit');
    internet.kill('SIGKILL');
    await ended;
    await runCommand('ip', ['link', 'del', outside]);
    await runCommand('ip', ['netns', 'del', outside]);
    await rm(dataDir, { recursive: true });
  });

  test('without one everything is in reach; with one, what names were told for', async () => {
    for (const address of [one, two, lan]) assert.equal(await program.connect(address), 'connected');
    await network.setPolicy(workload.address, [allow('one.test'), allow('*.two.test'), deny('two.test')]);
    assert.equal(await program.connect(one), 'ECONNREFUSED');
    assert.deepEqual(await program.look('ONE.test'), [one]);
    assert.equal(await program.connect(one), 'connected');
    assert.equal(await program.connect(two), 'ECONNREFUSED');
    assert.deepEqual(await program.look('sub.two.test'), [two]);
    assert.equal(await program.connect(two), 'connected');
    assert.match(await elements('allowed'), new RegExp(`${two} timeout 1m `));
  });

  test('names that are not allowed are refused, whatever server is asked', async () => {
    await network.setPolicy(workload.address, [allow('*.test'), deny('two.test'), allow('one.test')]);
    for (const server of ['192.0.2.53', one, '169.254.169.254', workload.gateway]) {
      assert.equal(await program.look('two.test', { server }), 'EREFUSED', server);
      assert.equal(await program.look('elsewhere.example', { server }), 'EREFUSED');
      assert.deepEqual(await program.look('one.test', { server }), [one]);
    }
    assert.equal(await program.look('none.test'), 'ENOTFOUND');
    assert.equal(await program.look('one.test', { type: 'AAAA' }), 'ENODATA');
  });

  test('questions come over TCP, too; nonsense ends the connection', async () => {
    const question = '0007010000010000000000000374776f0474657374000001' + '0001';
    const bytes = (question.length / 2).toString(16).padStart(4, '0') + question;
    assert.match(String(await program.run('raw', { host: one, bytes })), /^....00078185/);
    assert.equal(await program.run('raw', { host: one, bytes: 'ffff00' }), 'closed');
    assert.equal(await program.run('raw', { host: one, bytes: '000100' }), 'closed');
  });

  test('addresses that are not of the internet stay out of reach, though a name leads there', async () => {
    await network.setPolicy(workload.address, [allow('*')]);
    assert.equal(await program.look('lan.test'), 'EREFUSED');
    assert.equal(await program.look('cloud.test'), 'EREFUSED');
    assert.equal(await program.connect(lan), 'ECONNREFUSED');
    // And though it were granted.
    await runCommand('nft', [
      'add element inet',
      `berth_${network.prefix.slice(1, -1)}`,
      `allowed { ${workload.address} . ${lan} timeout 60s }`,
    ]);
    assert.equal(await program.connect(lan), 'ECONNREFUSED');
    assert.deepEqual(await program.look('one.test'), [one]);
    assert.equal(await program.connect(one), 'connected');
  });

  test('a change cuts what is not allowed any more, and nothing else', async () => {
    await network.setPolicy(workload.address, [allow('one.test'), allow('two.test')]);
    for (const [name, address] of [
      ['one.test', one],
      ['two.test', two],
    ] as const) {
      assert.deepEqual(await program.look(name), [address]);
      assert.equal(await program.connect(address, { keep: name }), 'connected');
    }
    await network.setPolicy(workload.address, [allow('one.test')]);
    assert.equal(await program.flows('two.test'), false);
    assert.equal(await program.flows('one.test'), true);
    assert.equal(await program.connect(two), 'ECONNREFUSED');
    assert.equal(await program.connect(one), 'connected');
    await network.setPolicy(workload.address, undefined);
    assert.equal(await program.connect(two), 'connected');
    assert.equal(await program.connect(lan, { keep: 'before' }), 'connected');
    await network.setPolicy(workload.address, [allow('one.test')]);
    assert.equal(await program.flows('before'), false);
  });

  test('an open connection goes on when the time of its grant is over, but none can be opened', async () => {
    await network.setPolicy(workload.address, [allow('one.test')]);
    assert.deepEqual(await program.look('one.test'), [one]);
    assert.equal(await program.connect(one, { keep: 'long' }), 'connected');
    const table = `berth_${network.prefix.slice(1, -1)}`;
    await runCommand('nft', ['flush', 'set', 'inet', table, 'allowed']);
    assert.equal(await program.flows('long'), true);
    await runCommand('nft', ['delete element inet', table, `in_use { ${workload.address} . ${one} }`]);
    assert.equal(await program.flows('long'), false);
    assert.equal(await program.connect(one), 'ECONNREFUSED');
  });

  test('it holds while no server runs, and the next one goes on with it', async () => {
    const rules = [allow('two.test'), allow('one.test')];
    await network.setPolicy(workload.address, rules);
    assert.deepEqual(await program.look('two.test'), [two]);
    assert.equal(await program.connect(two, { keep: 'through' }), 'connected');
    await network.close();
    assert.equal(await program.connect(one), 'ECONNREFUSED');
    assert.equal(await program.look('one.test'), 'ECONNREFUSED');
    network = await open();
    network.adopt([workload.name]);
    assert.equal(await program.connect(one), 'ECONNREFUSED');
    assert.equal(await program.connect(two), 'connected');
    await network.setPolicy(workload.address, rules);
    assert.equal(await program.flows('through'), true);
    assert.deepEqual(await program.look('one.test'), [one]);
    assert.equal(await program.connect(one), 'connected');
    await network.setPolicy(workload.address, [allow('one.test')]);
    assert.equal(await program.flows('through'), false);
  });
});
