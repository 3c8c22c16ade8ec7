import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { adminToken, cannotRun, send, type TestBackend, World } from '../support/index.ts';
import { HostNetwork } from './host-network.ts';

const servicePort = 9_099;
const harmlessDevices = new Set(
  'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(' '),
);

type Outcome = { readonly done: unknown } | { readonly failed: string };
type Orders = Readonly<Record<string, object>>;

describe('a backend is kept from its host and its neighbours', { skip: cannotRun('oci') ?? false }, () => {
  const world = new World('oci');
  let host: HostNetwork;
  let backend: TestBackend;
  let neighbour: TestBackend;
  let hostFolder: string;

  before(
    async () => {
      host = await HostNetwork.make();
      const settings = { 'network.subnet': host.subnet };
      await world.open({ through: host.enter, address: host.inside, settings });
      await host.serve('probe.js', servicePort);
      hostFolder = await mkdtemp(join(tmpdir(), 'berth-host-'));
      await writeFile(join(hostFolder, 'secret'), 'secret');
      [backend, neighbour] = await Promise.all([world.ready('probe.js'), world.ready('probe.js')]);
    },
    { timeout: 180_000 },
  );

  after(
    async () => {
      await world.close();
      await host.remove();
      await rm(hostFolder, { recursive: true, force: true });
    },
    { timeout: 180_000 },
  );

  async function attempt(orders: Orders, at = backend): Promise<Record<string, Outcome>> {
    return (await at.request('/', { body: orders })).ok<Record<string, Outcome>>();
  }

  /** What an attempt gives that must not fail. */
  async function result<Type = string>(order: object, at = backend): Promise<Type> {
    const { it } = await attempt({ it: order }, at);
    assert.ok(it !== undefined && 'done' in it, JSON.stringify(it));
    return it.done as Type;
  }

  /** The same attempts, made by a program of the host. */
  async function attemptAtHost(orders: Orders): Promise<Record<string, Outcome>> {
    const answer = await send(`http://${host.inside}:${servicePort}/`, { body: orders });
    return answer.ok<Record<string, Outcome>>();
  }

  async function ownAddress(of: TestBackend): Promise<string> {
    const table = await result({ read: '/proc/net/fib_trie' }, of);
    const local = /\|-- (10\.\S+)\n\s+\/32 host LOCAL/.exec(table)?.[1];
    return local ?? assert.fail('no address of its own');
  }

  async function gateway(): Promise<string> {
    const routes = await result({ read: '/proc/net/route' });
    const bytes = /^eth0\t00000000\t([0-9A-F]{8})/m.exec(routes)?.[1] ?? assert.fail('no gateway');
    return (bytes.match(/../g) ?? [])
      .reverse()
      .map(byte => Number.parseInt(byte, 16))
      .join('.');
  }

  test('it reaches no port of the host, at any address; the host and the edge reach it', async () => {
    const addresses = ['127.0.0.1', await gateway(), host.inside, ...host.others];
    const orders: Record<string, object> = {};
    for (const address of addresses) {
      orders[`API at ${address}`] = { connect: [address, world.server.port] };
      orders[`service at ${address}`] = { connect: [address, servicePort] };
      orders[`UDP service at ${address}`] = { send: [address, servicePort] };
    }
    // A proof of the attempts: all of them work on the host itself.
    assertAllDone(await attemptAtHost(orders));
    assertAllFailed(await attempt(orders));
    const own = { connect: [await ownAddress(backend), 8080] };
    assertAllDone(await attemptAtHost({ own }));
  });

  test('it reaches what is outside, but no neighbour', async t => {
    const outside = createServer((_, response) => response.end());
    t.after(() => outside.close());
    await new Promise<void>(resolve => outside.listen(0, host.outside, resolve));
    const { port } = outside.address() as { port: number };
    assertAllDone(await attempt({ outside: { connect: [host.outside, port] } }));

    const address = await ownAddress(neighbour);
    const orders = { TCP: { connect: [address, 8080] }, UDP: { send: [address, 8080] } };
    assertAllDone(await attemptAtHost(orders));
    assertAllFailed(await attempt(orders));
    assertAllDone(await attempt({ itself: { connect: [await ownAddress(backend), 8080] } }));
  });

  test('it sees no file of the host, of the server or of a neighbour', async () => {
    const { write } = await attempt(
      { write: { write: ['/tmp/mine', 'mine'] }, home: { write: ['/home/berth/mine', ''] } },
      neighbour,
    );
    assert.deepEqual(write, { done: null });
    assertAllFailed(
      await attempt({
        'shadow passwords': { read: '/etc/shadow' },
        "root's folder": { list: '/root' },
        'the data directory': { list: world.server.dataDir },
        'the database': { read: join(world.server.dataDir, 'berth.db') },
        'a folder of the host': { list: hostFolder },
        'the folder of bundles': { list: join(world.server.dataDir, 'oci/bundles') },
        "the neighbour's file": { read: '/tmp/mine' },
        "the neighbour's home": { read: '/home/berth/mine' },
        'memory of the kernel': { read: '/proc/kcore' },
        'memory of the machine': { read: '/dev/mem' },
        'messages of the kernel': { read: '/dev/kmsg' },
        'its own program': { write: ['/app/probe.js', ''] },
        'a program of the host': { write: ['/usr/bin/true', ''] },
      }),
    );
    assert.notEqual(await result({ read: '/etc/passwd' }), await readFile('/etc/passwd', 'utf8'));
    const etc = await result<string[]>({ list: '/etc' });
    assert.ok(etc.length < (await readdir('/etc')).length);
    assert.deepEqual(await result({ list: '/var' }), ['tmp']);
    assert.deepEqual(await result({ list: '/tmp' }), []);
    const devices = await result<string[]>({ list: '/dev' });
    assert.deepEqual(
      devices.filter(name => !harmlessDevices.has(name)),
      [],
    );
  });

  test('it finds no secret of the server in its environment', async () => {
    const variables = await result<Record<string, string>>({ env: true });
    assert.deepEqual(
      Object.keys(variables).filter(name => name.startsWith('BERTH')),
      [],
    );
    assert.ok(!JSON.stringify(variables).includes(adminToken));
    assert.ok(!JSON.stringify(variables).includes(world.server.dataDir));
  });

  test('it can not gain privileges', async () => {
    const perl = (...code: string[]) => ({ run: ['perl', '-MSocket', '-e', code.join('; ')] });
    assertAllFailed(
      await attempt({
        'a raw socket': perl('socket(my $s, PF_INET, SOCK_RAW, 1) or die "$!\\n"'),
        'a packet socket': perl('socket(my $s, 17, SOCK_RAW, 768) or die "$!\\n"'),
        mount: { run: ['mount', '-t', 'tmpfs', 'none', '/tmp'] },
        'bind mount': { run: ['mount', '--bind', '/usr', '/home/berth'] },
        unmount: { run: ['umount', '/proc'] },
        'a device': { run: ['mknod', '/tmp/disk', 'b', '8', '0'] },
        'another device': { run: ['mknod', '/tmp/null', 'c', '1', '3'] },
        'another user': perl('$> = 0', '$> == 0 or die "$!\\n"'),
        'another group': perl('$) = 0', '(split " ", $))[0] == 0 or die "$!\\n"'),
        'a set-uid program': { run: ['su', 'root', '-c', 'true'] },
        'a user namespace': { run: ['unshare', '--user', '--map-root-user', 'true'] },
        'a mount namespace': { run: ['unshare', '--mount', 'true'] },
        'another root': { run: ['chroot', '/', 'true'] },
        'the namespaces of its parent': { run: ['nsenter', '--target', '1', '--mount', '--net', 'true'] },
        'another host name': { run: ['hostname', 'other'] },
        'an interface': { run: ['ip', 'link', 'add', 'dummy0', 'type', 'dummy'] },
        'an address': { run: ['ip', 'addr', 'add', '10.9.9.9/32', 'dev', 'lo'] },
        'the packet filter': { run: ['nft', 'list', 'ruleset'] },
        'the time': { run: ['date', '-s', '2001-01-01'] },
        'kernel messages': { run: ['dmesg'] },
        'a setting of the kernel': { write: ['/proc/sys/kernel/hostname', 'other'] },
        'the core pattern': { write: ['/proc/sys/kernel/core_pattern', '|/tmp/x'] },
        'a setting of the network': { write: ['/proc/sys/net/ipv4/ip_forward', '1'] },
        'a magic key': { write: ['/proc/sysrq-trigger', 'h'] },
        'its own limits': { write: ['/sys/fs/cgroup/pids/pids.max', 'max'] },
        'a file of the system': { write: ['/sys/kernel/mm/ksm/run', '0'] },
      }),
    );
    const status = await result({ read: '/proc/self/status' });
    for (const line of ['NoNewPrivs:\t1', 'CapEff:\t0+', 'CapPrm:\t0+', 'CapBnd:\t0+', 'Seccomp:\t2']) {
      assert.match(status, new RegExp(`^${line}$`, 'm'));
    }
    assert.doesNotMatch(status, /^Uid:\t0\t/m);
  });

  test('it sees and signals no process but its own', async () => {
    const { server } = world;
    const list = await result<string[]>({ list: '/proc' });
    assert.deepEqual(
      list.filter(name => /^\d+$/.test(name)),
      ['1'],
    );
    assertAllFailed(
      await attempt({
        'the server': { kill: [server.pid, 'SIGKILL'] },
        'its group': { kill: [-server.pid, 'SIGKILL'] },
      }),
    );
    assert.ok(server.running);
    assert.equal((await server.api('/healthz', { token: null })).status, 200);
  });

  test('nobody reaches it past the edge', async () => {
    const address = await ownAddress(backend);
    await host.route(address);
    const signal = AbortSignal.timeout(1_000);
    await assert.rejects(send(`http://${address}:8080/`, { signal }), { name: 'AbortError' });
  });

  test('while no server runs it is kept from its host all the same', async () => {
    const neighbourAddress = await ownAddress(neighbour);
    const orders = {
      service: { connect: [host.inside, servicePort] },
      neighbour: { connect: [neighbourAddress, 8080] },
    };
    const ask = [
      'const [url, body] = process.argv.slice(1)',
      "const answer = await fetch(url, { method: 'POST', body })",
      'process.stdout.write(await answer.text())',
    ].join(';');
    const url = `http://${await ownAddress(backend)}:8080/`;
    await world.server.stop();
    const command = ['node', '--input-type=module', '--eval', ask, url, JSON.stringify(orders)];
    const { asked } = await attemptAtHost({ asked: { run: command } });
    assert.ok(asked !== undefined && 'done' in asked, JSON.stringify(asked));
    assertAllFailed(JSON.parse(String(asked.done)));

    await world.server.start();
    assertAllFailed(await attempt(orders));
    assertAllDone(await attemptAtHost(orders));
  });
});

function assertAllFailed(outcomes: Record<string, Outcome>): void {
  assert.deepEqual(
    Object.entries(outcomes).filter(([, outcome]) => !('failed' in outcome)),
    [],
  );
}

function assertAllDone(outcomes: Record<string, Outcome>): void {
  assert.deepEqual(
    Object.entries(outcomes).filter(([, outcome]) => !('done' in outcome)),
    [],
  );
}
