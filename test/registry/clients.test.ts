import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeLayer } from '../../src/images/testing/layers.ts';
import { findTool, runCommand } from '../../src/lib/command.ts';
import { adminToken, World } from '../support/index.ts';
import { baseLayer, cannotRunImages, serving } from './busybox.ts';
import { cannotRunDocker, DockerDaemon } from './docker-daemon.ts';
import { digestOf, TestRepository } from './registry-client.ts';

const [publicPart = '', ...privateParts] = adminToken.split('.');
const skopeoMissing = (await findTool('skopeo')) === undefined && 'this machine lacks skopeo';
const podmanMissing =
  (await findTool('podman')) === undefined || process.getuid?.() !== 0
    ? 'this machine lacks podman, or root for it'
    : false;

describe('Docker', { skip: cannotRunImages || cannotRunDocker, timeout: 180_000 }, () => {
  const world = new World('oci');
  let docker: DockerDaemon;
  let registry: string;
  before(async () => {
    await world.open({});
    docker = await DockerDaemon.start();
    registry = `localhost:${world.server.port}`;
    const archive = join(docker.folder, 'base.tar');
    await writeFile(archive, baseLayer());
    await docker.run(
      'import',
      '--change',
      'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]',
      archive,
      'base',
    );
  });
  after(async () => {
    await docker?.stop();
    await world.close();
  });

  test('signs in with an account and its token, and with the parts of a token', async () => {
    for (const [user, password] of [
      ['admin', adminToken],
      [publicPart, privateParts.join('.')],
    ] as const) {
      const { stdout } = await docker.run('login', '--username', user, '--password', password, registry);
      assert.match(stdout, /Login Succeeded/);
      await docker.run('logout', registry);
    }
    const refused = await docker.fail('login', '--username', 'admin', '--password', 'a.wrong-one', registry);
    assert.match(refused, /unauthorized/);
  });

  test('pushes an image without a word on stderr, which is spawned and pulled again', async () => {
    const repository = await TestRepository.make(world, 'docker');
    const image = `${registry}/${repository.name}`;
    await docker.run('login', '--username', 'admin', '--password', adminToken, registry);
    await docker.run('tag', 'base', image);
    const { stdout, stderr } = await docker.run('push', image);
    assert.equal(stderr, '');
    const digest = /latest: digest: (sha256:\w+)/.exec(stdout)?.[1];

    const head = await repository.send('HEAD', 'manifests/latest');
    assert.equal(head.headers['docker-content-digest'], digest);
    const backend = await world.spawn('docker');
    assert.equal((await backend.request('/')).text, 'the first page\n');

    assert.match((await docker.run('push', image)).stdout, /Layer already exists/);
    await docker.run('rmi', image, 'base');
    await docker.run('pull', `${image}@${digest}`);
    await docker.run('pull', image);
    await docker.run('tag', image, 'base');
  });

  test('pushes layers that another repository has without sending them', async () => {
    const repository = await TestRepository.make(world, 'docker-mount');
    const image = `${registry}/${repository.name}:v1`;
    await docker.run('login', '--username', 'admin', '--password', adminToken, registry);
    await docker.run('tag', 'base', `${registry}/admin/docker-first`);
    await TestRepository.make(world, 'docker-first');
    await docker.run('push', `${registry}/admin/docker-first`);
    await docker.run('tag', 'base', image);
    assert.match((await docker.run('push', image)).stdout, /Mounted from/);
  });

  test('is refused where it has no access, and where there is no service', async () => {
    await docker.run('login', '--username', 'admin', '--password', adminToken, registry);
    for (const [name, message] of [
      ['other/web', /denied/],
      ['admin/never-made', /service not found|name unknown/],
    ] as const) {
      await docker.run('tag', 'base', `${registry}/${name}`);
      assert.match(await docker.fail('push', `${registry}/${name}`), message);
    }
    await docker.run('logout', registry);
    assert.match(await docker.fail('push', `${registry}/admin/docker`), /unauthorized|no basic auth|denied/);
  });
});

describe('skopeo', { skip: skopeoMissing, timeout: 120_000 }, () => {
  const world = new World('process');
  let folder: string;
  before(async () => {
    await world.open({});
    folder = await mkdtemp(join(tmpdir(), 'berth-skopeo-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await world.close();
  });

  test('copies images in, out, and from one repository to another', async () => {
    const from = await TestRepository.make(world, 'from');
    const layer = makeLayer([{ name: 'file', content: 'content' }]);
    const digest = await from.pushImage('v1', [layer], serving());
    await TestRepository.make(world, 'to');
    const credentials = `admin:${adminToken}`;
    const source = ['--src-tls-verify=false', '--src-creds', credentials];
    const target = ['--dest-tls-verify=false', '--dest-creds', credentials];
    const at = (name: string) => `docker://127.0.0.1:${world.server.port}/admin/${name}`;
    const skopeo = async (...args: string[]) => await runCommand('skopeo', args, { timeoutMs: 60_000 });

    const exactly = ['copy', '--preserve-digests'];
    await skopeo(...exactly, ...source, ...target, at('from:v1'), at('to:copy'));
    await skopeo(...exactly, ...source, at('to:copy'), `oci:${folder}/layout:v1`);
    const layout = JSON.parse(await readFile(join(folder, 'layout/index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    assert.equal(layout.manifests[0]?.digest, digest);
    assert.ok((await readFile(join(folder, 'layout/blobs/sha256', digestOf(layer).slice(7)))).equals(layer));
    await skopeo(
      'copy',
      '--dest-compress-format',
      'zstd',
      '--format',
      'oci',
      ...source,
      ...target,
      at('to:copy'),
      at('to:zstd'),
    );
    await skopeo('copy', '--format', 'v2s2', ...source, ...target, at('to:copy'), at('to:docker'));
    const listed = await skopeo('list-tags', '--tls-verify=false', '--creds', credentials, at('to'));
    assert.deepEqual((JSON.parse(listed.stdout) as { Tags: string[] }).Tags, ['copy', 'docker', 'zstd']);
    await skopeo('delete', '--tls-verify=false', '--creds', credentials, at('to:docker'));
  });
});

describe('Podman', { skip: cannotRunImages || podmanMissing, timeout: 120_000 }, () => {
  const world = new World('oci');
  let folder: string;
  let registry: string;
  /** With a storage of its own that mounts nothing. */
  const podman = async (...args: string[]) => {
    const own = Object.entries({ root: 'root', runroot: 'run', tmpdir: 'tmp' });
    const places = own.map(([option, name]) => `--${option}=${join(folder, name)}`);
    const settings = ['--storage-driver=vfs', '--cgroup-manager=cgroupfs', '--events-backend=none'];
    return await runCommand('podman', [...places, ...settings, ...args], { timeoutMs: 60_000 });
  };
  const remote = () => ['--tls-verify=false', `--authfile=${join(folder, 'auth.json')}`];
  before(async () => {
    await world.open({});
    folder = await mkdtemp(join(tmpdir(), 'berth-podman-'));
    registry = `localhost:${world.server.port}`;
    await writeFile(join(folder, 'auth.json'), '{}');
    await writeFile(join(folder, 'base.tar'), baseLayer());
    const command = 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]';
    await podman('import', '--change', command, join(folder, 'base.tar'), 'base');
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
    await world.close();
  });

  test('signs in, pushes images of both kinds, and pulls them again', async () => {
    await TestRepository.make(world, 'podman');
    const image = `${registry}/admin/podman`;
    await assert.rejects(podman('push', ...remote(), 'base', `${image}:oci`), /unauthorized|authentication/);
    await assert.rejects(
      podman('login', ...remote(), '-u', 'admin', '-p', 'a.wrong-one', registry),
      /invalid/,
    );
    await podman('login', ...remote(), '-u', publicPart, '-p', privateParts.join('.'), registry);
    for (const format of ['oci', 'v2s2']) {
      const name = `${image}:${format}`;
      const digestFile = join(folder, 'digest');
      await podman('push', ...remote(), '--format', format, '--digestfile', digestFile, 'base', name);
      const digest = await readFile(digestFile, 'utf8');
      await podman('pull', ...remote(), `${image}@${digest}`);
      const backend = await world.spawn('podman', { tag: digest });
      assert.equal((await backend.request('/')).text, 'the first page\n', format);
    }
    const { stdout } = await podman('search', ...remote(), '--list-tags', image);
    assert.match(stdout, /admin\/podman +oci\n.*admin\/podman +v2s2\n/);
    await assert.rejects(podman('push', ...remote(), 'base', `${registry}/admin/never-made`), /name unknown/);
    await assert.rejects(podman('push', ...remote(), 'base', `${registry}/other/web`), /Forbidden/);
  });

  test('pushes a list of images for several platforms, of which this machine’s is run', async () => {
    await TestRepository.make(world, 'podman-list');
    const image = `${registry}/admin/podman-list:latest`;
    await podman('manifest', 'create', 'everywhere', 'containers-storage:localhost/base:latest');
    await podman('login', ...remote(), '-u', 'admin', '-p', adminToken, registry);
    await podman('manifest', 'push', ...remote(), '--all', 'everywhere', `docker://${image}`);
    await (await world.spawn('podman-list')).reaches('Ready');
    await podman('logout', `--authfile=${join(folder, 'auth.json')}`, registry);
    await assert.rejects(podman('pull', ...remote(), image), /unauthorized|authentication/);
  });
});
