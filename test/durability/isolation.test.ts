import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { adminToken, cannotRun, programs, send, type SpawnResult, TestBackend, TestServer } from '../support/index.ts';
import { HostNetwork } from './host-network.ts';
import { traces } from './traces.ts';

const servicePort = 9_099;

type Outcome = { readonly done: unknown } | { readonly failed: string };
type Orders = Readonly<Record<string, object>>;

describe('a backend is kept from its host and its neighbours', { skip: cannotRun('oci') ?? false }, () => {
  let host: HostNetwork;
  let server: TestServer;
  let backend: TestBackend;
  let neighbour: TestBackend;
  let hostFolder: string;

  before(async () => {
    host = await HostNetwork.make();
    server = await TestServer.start({ runtime: 'oci', through: host.enter, address: host.inside });
    await host.serve('probe.js', servicePort);
    hostFolder = await mkdtemp(join(tmpdir(), 'berth-host-'));
    await writeFile(join(hostFolder, 'secret'), 'secret');
    const body = { name: 'probe', command: 'node', args: ['probe.js'], dir: programs };
    (await server.api('/user/admin/service', { body })).ok();
    [backend, neighbour] = (await Promise.all([spawn(), spawn()])) as [TestBackend, TestBackend];
    await Promise.all([backend, neighbour].map(({ reaches }, n) => reaches.call(n === 0 ? backend : neighbour, 'Ready')));
  }, { timeout: 60_000 });

  after(async () => {
    await server.destroy();
    await host.remove();
    await rm(hostFolder, { recursive: true, force: true });
  }, { timeout: 60_000 });

  async function spawn(): Promise<TestBackend> {
    const answer = await server.api('/user/admin/service/probe/spawn', { body: {} });
    return new TestBackend(server, answer.ok<SpawnResult>());
  }

  async function attempt(orders: Orders, at = backend): Promise<Record<string, Outcome>> {
    return (await at.request('/', { body: orders })).ok<Record<string, Outcome>>();
  }

  /** The same attempts, made by a program of the host. */
  async function attemptAtHost(orders: Orders): Promise<Record<string, Outcome>> {
    const answer = await send(`http://${host.inside}:${servicePort}/`, { body: orders });
    return answer.ok<Record<string, Outcome>>();
  }

  async function ownAddress(of: TestBackend): Promise<string> {
    const { table } = await attempt({ table: { read: '/proc/net/fib_trie' } }, of);
    assert.ok(table !== undefined && 'done' in table);
    const local = [...String(table.done).matchAll(/\|-- (10\.\S+)\n\s+\/32 host LOCAL/g)];
    return local[0]?.[1] ?? assert.fail('no address of its own');
  }

  async function gateway(): Promise<string> {
    const { routes } = await attempt({ routes: { read: '/proc/net/route' } });
    assert.ok(routes !== undefined && 'done' in routes);
    const bytes = /^eth0\t00000000\t([0-9A-F]{8})/m.exec(String(routes.done))?.[1] ?? '';
    return bytes.match(/../g)?.toReversed().map(byte => Number.parseInt(byte, 16)).join('.') ?? '';
  }

  test('it reaches no port of the host, at any address; the host and the edge reach it', async () => {
    const addresses = ['127.0.0.1', await gateway(), host.inside, ...host.others];
    const orders: Record<string, object> = {};
    for (const address of addresses) {
      orders[`API at ${address}`] = { connect: [address, server.port] };
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
    const { write } = await attempt({ write: { write: ['/tmp/mine', 'mine'] }, home: { write: ['/home/berth/mine', ''] } }, neighbour);
    assert.deepEqual(write, { done: null });
    assertAllFailed(
      await attempt({
        'shadow passwords': { read: '/etc/shadow' },
        "root's folder": { list: '/root' },
        'the data directory': { list: server.dataDir },
        'the database': { read: join(server.dataDir, 'berth.db') },
        'a folder of the host': { list: hostFolder },
        'the folder of bundles': { list: join(server.dataDir, 'oci/bundles') },
        "the neighbour's file": { read: '/tmp/mine' },
        "the neighbour's home": { read: '/home/berth/mine' },
        'memory of the kernel': { read: '/proc/kcore' },
        'memory of the machine': { read: '/dev/mem' },
        'messages of the kernel': { read: '/dev/kmsg' },
        'its own program': { write: ['/app/probe.js', ''] },
        'a program of the host': { write: ['/usr/bin/true', ''] },
      }),
    );
    const { users, etc, var: variable, tmp, dev } = (await attempt({
      users: { read: '/etc/passwd' },
      etc: { list: '/etc' },
      var: { list: '/var' },
      tmp: { list: '/tmp' },
      dev: { list: '/dev' },
    })) as Record<string, { done: unknown }>;
    assert.notEqual(users?.done, await readFile('/etc/passwd', 'utf8'));
    assert.ok((etc?.done as string[]).length < (await readdir('/etc')).length);
    assert.deepEqual(variable?.done, ['tmp']);
    assert.deepEqual(tmp?.done, []);
    const allowed = ['core', 'fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'];
    assert.deepEqual((dev?.done as string[]).filter(name => !allowed.includes(name)), []);
  });

  test('it finds no secret of the server in its environment', async () => {
    const { env } = await attempt({ env: { env: true } });
    assert.ok(env !== undefined && 'done' in env);
    const variables = env.done as Record<string, string>;
    assert.deepEqual(Object.keys(variables).filter(name => name.startsWith('BERTH')), []);
    assert.ok(!JSON.stringify(variables).includes(adminToken));
    assert.ok(!JSON.stringify(variables).includes(server.dataDir));
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
    const { status } = await attempt({ status: { read: '/proc/self/status' } });
    assert.ok(status !== undefined && 'done' in status);
    assert.match(String(status.done), /^NoNewPrivs:\t1$/m);
    assert.match(String(status.done), /^CapEff:\t0+$/m);
    assert.match(String(status.done), /^CapPrm:\t0+$/m);
    assert.match(String(status.done), /^Seccomp:\t2$/m);
    assert.doesNotMatch(String(status.done), /^Uid:\t0\t/m);
  });

  test('it sees and signals no process but its own', async () => {
    const { list, server: killed, group } = await attempt({
      list: { list: '/proc' },
      server: { kill: [server.pid, 'SIGKILL'] },
      group: { kill: [-server.pid, 'SIGKILL'] },
    });
    assert.ok(list !== undefined && 'done' in list);
    assert.deepEqual((list.done as string[]).filter(name => /^\d+$/.test(name)), ['1']);
    assertAllFailed({ killed, group } as Record<string, Outcome>);
    assert.ok(server.running);
    assert.equal((await server.api('/healthz', { token: null })).status, 200);
    assert.ok((await traces(server.dataDir)).processes.length > 0);
  });
});

function assertAllFailed(outcomes: Record<string, Outcome>): void {
  assert.deepEqual(Object.entries(outcomes).filter(([, outcome]) => !('failed' in outcome)), []);
}

function assertAllDone(outcomes: Record<string, Outcome>): void {
  assert.deepEqual(Object.entries(outcomes).filter(([, outcome]) => !('done' in outcome)), []);
}
