import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { baseLayer, cannotRunImages } from '../registry/busybox.ts';
import { cannotRunDocker, DockerDaemon } from '../registry/docker-daemon.ts';
import { TestRepository } from '../registry/registry-client.ts';
import { adminToken, TestBackend, World } from '../support/index.ts';
import { cannotRunJamsocket, JamsocketUser, labelled } from './jamsocket-user.ts';

const skip = cannotRunJamsocket || cannotRunImages || cannotRunDocker;
const dockerfile = `FROM scratch
ADD base.tar /
LABEL hash="0123abc" message="Say \\"hello\\"" branch="main" repository="acct/web"
CMD ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"]
`;

describe('the published command line pushes', { skip, timeout: 290_000 }, () => {
  const world = new World('oci');
  let docker: DockerDaemon;
  let user: JamsocketUser;
  const jamsocket = async (...args: string[]) => await user.run(...args);

  before(async () => {
    await world.open({});
    docker = await DockerDaemon.start();
    user = await JamsocketUser.at(world.server, { DOCKER_HOST: docker.host, DOCKER_BUILDKIT: '0' });
    await jamsocket('login', '--token', adminToken);
    const context = join(docker.folder, 'context');
    await mkdir(context);
    await writeFile(join(context, 'base.tar'), baseLayer());
    await writeFile(join(context, 'Dockerfile'), dockerfile);
  });
  after(async () => {
    await user?.leave();
    await docker?.stop();
    await world.close();
  });

  test('what it builds, to be listed, chosen and run', async () => {
    await jamsocket('service', 'create', 'web');
    const context = join(docker.folder, 'context');
    const pushed = await jamsocket(
      'push',
      'web',
      '-f',
      join(context, 'Dockerfile'),
      '-c',
      context,
      '-t',
      'v1',
    );
    assert.match(pushed, new RegExp(`^Tagging \\(localhost:${world.server.port}/admin/web:v1\\)`, 'm'));
    assert.match(pushed, /^Done\.$/m, pushed);
    const digest = /v1: digest: (sha256:\w{64})/.exec(pushed)?.[1] ?? '';

    const images = await jamsocket('images', 'web');
    assert.match(images, new RegExp(`^ *${digest} +v1 +\\w.* admin/web *$`, 'm'));
    assert.match(
      await jamsocket('service', 'info', 'web'),
      new RegExp(`last image push: ${digest} \\(.+ ago\\)`),
    );

    await jamsocket('service', 'use-image', 'web', '-i', 'v1');
    const connected = await jamsocket('connect', 'web');
    const id = labelled(connected, 'backend id');
    const { pathname } = new URL(labelled(connected, 'backend url'));
    assert.equal((await TestBackend.withId(world.server, id).request(pathname)).text, 'the first page\n');
    assert.equal(labelled(await jamsocket('backend', 'info', id), 'image digest'), digest);

    const pinned = await jamsocket('connect', 'web', '-t', digest);
    await TestBackend.withId(world.server, labelled(pinned, 'backend id')).reaches('Ready');
    assert.match(await jamsocket('service', 'delete', 'web', '-y'), /had a container image pushed to it/);
  });

  test('labels that tell where an image comes from, which are kept', async () => {
    await jamsocket('service', 'create', 'labelled');
    const context = join(docker.folder, 'context');
    await docker.run('build', '--tag', 'with-labels', context);
    const pushed = await jamsocket('push', 'labelled', 'with-labels');
    assert.match(pushed, /^Done\.$/m, pushed);
    const repository = new TestRepository(world, 'admin/labelled');
    const manifest = (await repository.send('GET', 'manifests/latest')).ok<{ config: { digest: string } }>();
    const { config } = (await repository.send('GET', `blobs/${manifest.config.digest}`)).ok<{
      config: { Labels: Record<string, string> };
    }>();
    assert.deepEqual(config.Labels, {
      hash: '0123abc',
      message: 'Say "hello"',
      branch: 'main',
      repository: 'acct/web',
    });
  });

  test('nothing where there is no service, and nothing that is no image', async () => {
    assert.match(await jamsocket('push', 'never-made', 'with-labels'), /404 - NotFound: service not found/);
    assert.match(
      await jamsocket('push', 'labelled', 'no-such-image'),
      /No such image|Docker failed to find image/,
    );
  });
});
