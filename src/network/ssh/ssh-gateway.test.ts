import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { SshGateway, type Verdict } from './ssh-gateway.ts';
import { newHostKeys, newLoginKey, parsePublicKey, type SshKeyPair } from './ssh-keys.ts';
import { localTarget } from './testing/local-target.ts';

const run = promisify(execFile);
const timeoutMs = 60_000;

/** A gateway in front of this machine, and OpenSSH's programs as clients. */
class World {
  readonly folder: string;
  readonly machine: string;
  readonly target: ReturnType<typeof localTarget>;
  readonly gateway: SshGateway;
  verdict: Verdict = 'accept';

  private constructor(
    folder: string,
    machine: string,
    target: ReturnType<typeof localTarget>,
    open: (world: () => World) => SshGateway,
  ) {
    this.folder = folder;
    this.machine = machine;
    this.target = target;
    this.gateway = open(() => this);
  }

  static async make(): Promise<World> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'berth-ssh-')));
    const machine = join(folder, 'machine');
    await mkdir(join(machine, 'root'), { recursive: true });
    const [hostKeys, login, stranger] = [await newHostKeys(), await newLoginKey(), await newLoginKey()];
    await writeFile(join(folder, 'key'), login.privateKey, { mode: 0o600 });
    await writeFile(join(folder, 'stranger'), stranger.privateKey, { mode: 0o600 });
    const target = localTarget(machine);
    let world: World | undefined;
    const judge = (): Verdict => world?.verdict ?? 'drop';
    const authorizedKeys = [login.publicKey];
    const options = { host: '127.0.0.1', port: 0, hostKeys, authorizedKeys, user: 'root', target, judge };
    const gateway = await SshGateway.open(options);
    world = new World(folder, machine, target, () => gateway);
    await world.#knowHost(hostKeys);
    return world;
  }

  async #knowHost([first]: readonly SshKeyPair[]): Promise<void> {
    const line = `[127.0.0.1]:${this.gateway.port} ${first?.publicKey}\n`;
    await writeFile(join(this.folder, 'known_hosts'), line);
  }

  options(key = 'key'): string[] {
    const settings = {
      IdentityFile: join(this.folder, key),
      IdentitiesOnly: 'yes',
      UserKnownHostsFile: join(this.folder, 'known_hosts'),
      StrictHostKeyChecking: 'yes',
      BatchMode: 'yes',
      LogLevel: 'ERROR',
    };
    return [
      '-F',
      '/dev/null',
      ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ];
  }

  ssh(args: readonly string[], key?: string) {
    const port = ['-p', String(this.gateway.port)];
    return run('ssh', [...this.options(key), ...port, 'root@127.0.0.1', ...args], { timeout: timeoutMs });
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await rm(this.folder, { recursive: true });
  }
}

describe('the SSH gateway', () => {
  let world: World;
  before(async () => {
    world = await World.make();
  });
  after(() => world.close());

  test('runs a command: both outputs, the exit code, the environment that was sent', async () => {
    const { stdout, stderr } = await world.ssh(['echo out; echo err >&2']);
    assert.deepEqual([stdout, stderr], ['out\n', 'err\n']);
    await assert.rejects(world.ssh(['exit 3']), { code: 3 });
    const sent = await run(
      'ssh',
      [
        ...world.options(),
        '-o',
        'SendEnv=LC_TEST',
        '-p',
        `${world.gateway.port}`,
        'root@127.0.0.1',
        'echo $LC_TEST',
      ],
      { env: { ...process.env, LC_TEST: 'yes' }, timeout: timeoutMs },
    );
    assert.equal(sent.stdout, 'yes\n');
  });

  test('passes what is written to a command, up to its end, and a large output whole', async () => {
    const child = spawn('ssh', [
      ...world.options(),
      '-p',
      `${world.gateway.port}`,
      'root@127.0.0.1',
      'cat; head -c 3000000 /dev/zero | tr "\\0" x',
    ]);
    child.stdin.end('hello ');
    const chunks = (await child.stdout.toArray()) as Buffer[];
    const text = Buffer.concat(chunks).toString();
    assert.equal(text.length, 'hello '.length + 3_000_000);
    assert.ok(text.startsWith('hello xxx'));
  });

  test('lets nobody in without the key, or as somebody else', async () => {
    await assert.rejects(world.ssh(['true'], 'stranger'), /Permission denied \(publickey\)/);
    const args = [...world.options(), '-p', `${world.gateway.port}`, 'admin@127.0.0.1', 'true'];
    await assert.rejects(run('ssh', args, { timeout: timeoutMs }), /Permission denied \(publickey\)/);
  });

  test('takes signatures of RSA keys with SHA-2 only', async () => {
    const legacy = ['-o', 'PubkeyAcceptedAlgorithms=ssh-rsa', '-p', `${world.gateway.port}`];
    const args = [...world.options(), ...legacy, 'root@127.0.0.1', 'true'];
    await assert.rejects(run('ssh', args, { timeout: timeoutMs }), /Permission denied|no mutual signature/);
  });

  test('tells the size of a terminal', async () => {
    await world.ssh(['-tt', 'true']);
    assert.equal(world.target.resized.length, 1);
  });

  test('sftp and scp bring files there and back', async () => {
    const content = randomBytes(1_500_000);
    await writeFile(join(world.folder, 'up'), content, { mode: 0o640 });
    const port = ['-P', `${world.gateway.port}`];
    await run('scp', [...world.options(), ...port, '-p', join(world.folder, 'up'), 'root@127.0.0.1:/a'], {
      timeout: timeoutMs,
    });
    assert.deepEqual(await readFile(join(world.machine, 'a')), content);
    assert.equal((await stat(join(world.machine, 'a'))).mode & 0o777, 0o640);
    const batch = join(world.folder, 'batch');
    const lines = [
      'mkdir d',
      'rename /a d/b',
      'symlink b d/link',
      `get d/link ${join(world.folder, 'down')}`,
      'ls -l d',
      '-rename d/b d/link',
      'chmod 600 d/b',
      'rm d/link',
      'pwd',
      '-get nothing',
    ];
    await writeFile(batch, `${lines.join('\n')}\n`);
    const args = [...world.options(), ...port, '-b', batch, 'root@127.0.0.1'];
    const { stdout, stderr } = await run('sftp', args, { timeout: timeoutMs });
    assert.deepEqual(await readFile(join(world.folder, 'down')), content);
    assert.match(stdout, /^-rw-r----- .* 1500000 .* b$/m);
    assert.match(stdout, /^lrwxrwxrwx .* link$/m);
    assert.match(stdout, /Remote working directory: \/root/);
    assert.match(stderr, /nothing.*not found|No such file/i);
    assert.equal((await stat(join(world.machine, 'root/d/b'))).mode & 0o777, 0o600);
    await assert.rejects(stat(join(world.machine, 'root/d/link')));
  });

  test('leads to ports of the machine, and to nobody else', async () => {
    const server = createServer(socket => socket.end('from inside'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    try {
      const answer = await world.ssh(['-W', `localhost:${port}`]);
      assert.equal(answer.stdout, 'from inside');
      await assert.rejects(world.ssh(['-W', '192.0.2.7:80']));
    } finally {
      server.close();
    }
  });

  test('a connection that is not let in gets no byte; one that may stay no longer is cut', async () => {
    const child = spawn('ssh', [
      ...world.options(),
      '-p',
      `${world.gateway.port}`,
      'root@127.0.0.1',
      'echo up; cat',
    ]);
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    try {
      world.verdict = 'drop';
      world.gateway.recheck();
      assert.notEqual((await ended)[0], 0);
      const socket = connect(world.gateway.port, '127.0.0.1');
      const bytes = (await socket.toArray()) as Buffer[];
      assert.deepEqual(bytes, []);
      world.verdict = 'reject';
      await assert.rejects(connect(world.gateway.port, '127.0.0.1').toArray(), { code: 'ECONNRESET' });
    } finally {
      world.verdict = 'accept';
    }
    assert.equal((await world.ssh(['echo again'])).stdout, 'again\n');
  });
});

test('keys are told by their lines', async () => {
  const [ecdsa, ed25519] = await newHostKeys();
  assert.match(ecdsa?.publicKey ?? '', /^ecdsa-sha2-nistp256 [A-Za-z0-9+/=]+$/);
  assert.match(ed25519?.publicKey ?? '', /^ssh-ed25519 [A-Za-z0-9+/=]+$/);
  const { privateKey, publicKey } = await newLoginKey();
  assert.match(privateKey, /^-----BEGIN RSA PRIVATE KEY-----\n/);
  assert.equal(parsePublicKey(publicKey)?.type, 'ssh-rsa');
  assert.equal(parsePublicKey(`${publicKey} me@here\n`)?.type, 'ssh-rsa');
  assert.equal(parsePublicKey(ed25519?.publicKey ?? '')?.type, 'ssh-ed25519');
  for (const line of [
    '',
    'ssh-rsa',
    'ssh-rsa AAAA',
    'ssh-dss AAAAB3NzaC1kc3MAAACBAP',
    `${publicKey}\n${publicKey}`,
  ])
    assert.equal(parsePublicKey(line), undefined, line.slice(0, 40));
  assert.equal(parsePublicKey(privateKey), undefined);
});
