import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cannotRun, connects, eventually, TestWorld } from './test-world.ts';

/** Prints `open` or why not, for each `host:port` of its arguments. */
const tryConnect = `
  const net = require('node:net');
  for (const target of process.argv.slice(1)) {
    const [host, port] = target.split(/:(?=\\d+$)/);
    const socket = net.connect({ host, port: Number(port) });
    const end = word => { console.log(target, word); socket.destroy(); };
    socket.on('connect', () => end('open')).on('error', error => end(error.code));
    socket.setTimeout(700, () => end('silent'));
  }
`;

const answering = "require('node:net').createServer(s => s.end('hello')).listen(process.env.PORT)";

describe('a workload of the oci runtime', { skip: cannotRun }, () => {
  let world: TestWorld;
  before(async () => {
    world = await TestWorld.make();
  });
  after(() => world[Symbol.asyncDispose]());

  test('does not reach another workload, which the host does', async () => {
    const { host, port } = await world.run({ id: 'a', command: ['node', '-e', answering] });
    await eventually('a listening workload', async () => (await connects(host, port)) || undefined);
    const { lines } = await world.output({ id: 'b', command: ['node', '-e', tryConnect, `${host}:${port}`] });
    assert.deepEqual(lines, [`${host}:${port} silent`]);
    await world.runtime.remove('a');
  });

  test('reaches no service of the host, at whatever address of it', async () => {
    const server = createServer(socket => socket.on('error', () => {}).end('secret')).listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const gateway = world.network.subnet.replace(/\.0\/\d+$/, '.1');
    const own = Object.values(networkInterfaces()).flatMap(list => list ?? []);
    const addresses = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
    const hosts = [...new Set([gateway, ...addresses])];
    for (const host of hosts) assert.equal(await connects(host, port), true, host);
    const targets = hosts.map(host => `${host}:${port}`);
    const { lines } = await world.output({ id: 'c', command: ['node', '-e', tryConnect, ...targets] });
    assert.equal(lines.length, targets.length);
    assert.deepEqual(
      lines.filter(line => line.endsWith(' open')),
      [],
    );
    server.close();
  });

  test('has one IPv4 address and no IPv6 at all', async () => {
    const { lines } = await world.output({
      id: 'd',
      command: ['node', '-p', 'JSON.stringify(require("os").networkInterfaces())'],
    });
    const interfaces = JSON.parse(lines.join('')) as Record<string, { family: string; address: string }[]>;
    assert.deepEqual(Object.keys(interfaces).sort(), ['eth0', 'lo']);
    assert.deepEqual(
      Object.values(interfaces).flatMap(list => list.map(({ family }) => family)),
      ['IPv4', 'IPv4'],
    );
  });

  test('sees nothing of the files of the host but its programs', async () => {
    const secret = join(world.dataDir, 'secret');
    await writeFile(secret, 'secret');
    const { lines } = await world.output({
      id: 'e',
      command: [
        'sh',
        '-c',
        `cat ${secret} /etc/shadow; ls -A /root /home /var /tmp /app /run /mnt /srv /boot`,
      ],
    });
    const text = lines.join('\n');
    assert.doesNotMatch(text, /^secret$/m);
    for (const path of [secret, '/etc/shadow', '/mnt', '/srv', '/boot']) {
      assert.match(text, new RegExp(`${path}'?: No such file`));
    }
    assert.match(text, /'\/root': Permission denied/);
    const listed = lines.filter(line => line !== '' && !line.includes(':'));
    assert.deepEqual(listed, ['berth', 'tmp']);
  });

  test('gets nothing of the environment of the server', async () => {
    process.env.BERTH_TEST_SECRET = 'secret';
    const { lines } = await world.output({
      id: 'f',
      command: ['env'],
      env: { GREETING: 'hello', PORT: '1' },
    });
    delete process.env.BERTH_TEST_SECRET;
    const names = lines.map(line => line.split('=')[0] ?? '').toSorted((a, b) => a.localeCompare(b));
    assert.deepEqual(names, ['GREETING', 'HOME', 'HOSTNAME', 'LANG', 'PATH', 'PORT', 'USER']);
    assert.ok(lines.includes('PORT=8080'));
  });

  test('can not write to its programs, its directory, the kernel or its control groups', async () => {
    const paths = [
      '/usr/x',
      '/app/x',
      '/proc/sys/kernel/hostname',
      '/sys/x',
      '/sys/fs/cgroup/memory/x',
      '/etc/x',
    ];
    const script = [...paths, '/home/berth/x', '/tmp/x'].map(
      path => `echo 1 2>/dev/null >${path} && echo ${path}`,
    );
    const { lines } = await world.output({
      id: 'g',
      directory: world.dataDir,
      command: ['sh', '-c', `${script.join('\n')}\npwd`],
    });
    const written = lines.filter(line => !line.startsWith('sh: '));
    assert.deepEqual(written, ['/home/berth/x', '/tmp/x', '/app']);
  });

  test('has no privileges and no way to any', async () => {
    const attempts = {
      mount: 'mount -t tmpfs none /tmp',
      namespace: 'unshare --user --map-root-user true',
      device: 'mknod /tmp/disk b 254 0',
      rawSocket: `perl -e 'use Socket; socket(my $s, AF_INET, SOCK_RAW, 1) or die'`,
      vsock: `perl -e 'use Socket; socket(my $s, 40, SOCK_STREAM, 0) or die'`,
      kernelLog: 'dmesg',
      setuid: 'chroot / true',
      owner: 'chown root /tmp',
    };
    const script = Object.entries(attempts).map(
      ([name, line]) => `${line} >/dev/null 2>&1 && echo "did ${name}"`,
    );
    const status = "grep -E '^(Uid|NoNewPrivs|Seccomp|Cap(Inh|Prm|Eff|Bnd|Amb)):' /proc/self/status";
    const { lines } = await world.output({ id: 'h', command: ['sh', '-c', [...script, status].join('\n')] });
    assert.deepEqual(
      lines.filter(line => /^(did|missing)/.test(line)),
      [],
    );
    const fields = new Map(lines.map(line => line.split(/:\s+/, 2) as [string, string]));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      assert.equal(Number.parseInt(fields.get(set) ?? '1', 16), 0, set);
    }
    assert.equal(fields.get('NoNewPrivs'), '1');
    assert.equal(fields.get('Seccomp'), '2');
    assert.ok(Number.parseInt(fields.get('Uid') ?? '0', 10) > 0x7000_0000);
  });

  test('gains nothing from set-uid programs', async () => {
    const { lines } = await world.output({
      id: 'i',
      command: ['sh', '-c', 'test -u /usr/bin/su && echo set-uid; grep " /usr " /proc/mounts'],
    });
    assert.equal(lines[0], 'set-uid');
    assert.match(lines[1] ?? '', / ro,nosuid,nodev/);
  });

  test('sees no process of the host or of others', async () => {
    await world.run({ id: 'j', command: ['sleep', '100'] });
    const { lines } = await world.output({ id: 'k', command: ['sh', '-c', 'cat /proc/[0-9]*/comm; true'] });
    assert.deepEqual(lines, ['sh']);
    await world.runtime.remove('j');
  });

  test('runs as a user that no other workload has', async () => {
    const first = await world.output({ id: 'l', command: ['id', '-u'] });
    const second = await world.output({ id: 'm', command: ['id', '-u'] });
    assert.notDeepEqual(first.lines, second.lines);
  });
});
