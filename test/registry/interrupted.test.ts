import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { makeLayer } from '../../src/images/testing/layers.ts';
import { adminToken, eventually, World } from '../support/index.ts';
import { baseLayer, cannotRunImages, serving } from './busybox.ts';
import { digestOf, errorCode, TestRepository } from './registry-client.ts';

const authorization = `Basic ${Buffer.from(`admin:${adminToken}`).toString('base64')}`;

describe('a push that is interrupted', () => {
  const world = new World('process');
  before(() => world.open({}));
  after(() => world.close());

  const uploads = async () => await readdir(join(world.server.dataDir, 'images/uploads'));
  const blobs = async () => await readdir(join(world.server.dataDir, 'images/blobs/sha256'));

  /** Sends the head of a request and a part of its body, and hangs up once the server has written it. */
  async function cut(method: string, path: string, content: Buffer, sent: number): Promise<void> {
    const socket = connect(world.server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\n`);
    socket.write(`content-length: ${content.length}\r\n\r\n`);
    socket.write(content.subarray(0, sent));
    await eventually('the part that was sent', async () => {
      const files = (await uploads()).map(name => stat(join(world.server.dataDir, 'images/uploads', name)));
      const sizes = await Promise.all(files);
      return sizes.some(({ size }) => size > 0 && size >= sent - 2 * 1024 * 1024);
    });
    socket.destroy();
  }

  test('goes on from where it was, when the client hangs up', async () => {
    const repository = await TestRepository.make(world, 'cut');
    const content = randomBytes(8_000_000);
    const location = await repository.beginUpload();
    await cut('PATCH', location, content, 5_000_000);
    const reached = await eventually('the end of the request', async () => {
      const { headers } = await repository.send('GET', location);
      return headers.range === '0-4999999' ? 5_000_000 : undefined;
    });
    assert.equal((await repository.send('HEAD', `blobs/${digestOf(content)}`)).status, 404);
    const rest = await repository.send('PATCH', location, {
      headers: { 'content-range': `${reached}-${content.length - 1}` },
      body: content.subarray(reached),
    });
    assert.equal(rest.status, 202);
    const put = await repository.send('PUT', `${location}?digest=${digestOf(content)}`);
    assert.equal(put.status, 201);
  });

  test('in one request leaves nothing', async () => {
    const repository = await TestRepository.make(world, 'cut-one');
    const content = randomBytes(8_000_000);
    const before_ = await uploads();
    await cut(
      'POST',
      `/v2/${repository.name}/blobs/uploads/?digest=${digestOf(content)}`,
      content,
      5_000_000,
    );
    await eventually('the end of the upload', async () => (await uploads()).length === before_.length);
    assert.equal((await repository.send('HEAD', `blobs/${digestOf(content)}`)).status, 404);
  });

  test('by a kill of the server goes on from what is on the disk', async () => {
    const repository = await TestRepository.make(world, 'killed');
    const content = randomBytes(9_000_000);
    const location = await repository.beginUpload();
    await repository.send('PATCH', location, { body: content.subarray(0, 3_000_000) });
    const sending = repository
      .send('PATCH', location, {
        headers: { 'content-range': `3000000-${content.length - 1}` },
        body: Readable.from(slowly(content.subarray(3_000_000))),
      })
      .catch(() => undefined);
    await eventually('more of it', async () => {
      const [name = ''] = (await uploads()).filter(file => location.endsWith(file.split('.')[1] ?? ''));
      return (await stat(join(world.server.dataDir, 'images/uploads', name))).size > 3_000_000;
    });
    await world.server.kill();
    await sending;
    await world.server.start();

    const { headers, status } = await repository.send('GET', location);
    assert.equal(status, 204);
    const reached = Number(String(headers.range).slice(2)) + 1;
    assert.ok(reached > 3_000_000 && reached < content.length, `${reached}`);
    const rest = await repository.send('PUT', `${location}?digest=${digestOf(content)}`, {
      headers: { 'content-range': `${reached}-${content.length - 1}` },
      body: content.subarray(reached),
    });
    assert.equal(rest.status, 201);
    const pulled = await repository.send('GET', `blobs/${digestOf(content)}`);
    assert.ok(pulled.bytes.equals(content));
  });

  test('leaves what was acknowledged, after a kill', async () => {
    const repository = await TestRepository.make(world, 'acknowledged');
    const digest = await repository.pushImage('v1', [makeLayer([{ name: 'file', content: 'x' }])]);
    await world.server.kill();
    await world.server.start();
    assert.equal((await repository.send('HEAD', 'manifests/v1')).headers['docker-content-digest'], digest);
    assert.ok(!(await blobs()).some(name => name.startsWith('.')));
  });

  test('by another push of the same content ends well for both', async () => {
    const repositories = await Promise.all(
      ['twin-a', 'twin-b', 'twin-c'].map(name => TestRepository.make(world, name)),
    );
    const content = randomBytes(4_000_000);
    const pushed = await Promise.all(
      [...repositories, ...repositories].map(repository => repository.pushBlob(content)),
    );
    assert.equal(new Set(pushed.map(({ digest }) => digest)).size, 1);
    for (const repository of repositories) {
      assert.ok((await repository.send('GET', `blobs/${digestOf(content)}`)).bytes.equals(content));
    }
    assert.equal((await blobs()).filter(name => name === digestOf(content).slice(7)).length, 1);
  });

  test('by another request for the same upload is told', async () => {
    const repository = await TestRepository.make(world, 'busy');
    const location = await repository.beginUpload();
    const content = randomBytes(3_000_000);
    const first = repository.send('PATCH', location, { body: Readable.from(slowly(content)) });
    await eventually('the first bytes', async () => {
      const { headers } = await repository.send('GET', location);
      return headers.range !== '0-0';
    });
    const second = await repository.send('PATCH', location, { body: 'other' });
    assert.deepEqual([second.status, errorCode(second)], [429, 'TOOMANYREQUESTS']);
    assert.equal((await first).headers.range, '0-2999999');
  });
});

describe('limits of the image store', () => {
  const world = new World('process');
  before(() =>
    world.open({ settings: { 'images.max_bytes': 6_000_000, 'images.max_blob_bytes': 4_194_304 } }),
  );
  after(() => world.close());

  test('refuse what is too much, and give the disk back', async () => {
    const repository = await TestRepository.make(world, 'full');
    const refused = async (content: Buffer) => {
      const location = await repository.beginUpload();
      const answer = await repository.send('PATCH', location, { body: content });
      assert.equal((await repository.send('GET', location)).status, 404);
      return [answer.status, errorCode(answer)];
    };
    assert.deepEqual(await refused(randomBytes(5_000_000)), [413, 'SIZE_INVALID']);
    await repository.pushBlob(randomBytes(4_000_000));
    assert.deepEqual(await refused(randomBytes(3_000_000)), [403, 'DENIED']);
    assert.deepEqual(await readdir(join(world.server.dataDir, 'images/uploads')), []);
    await repository.pushBlob(randomBytes(1_000_000));
  });
});

describe('a kill of the server while an image is unpacked', { skip: cannotRunImages }, () => {
  const world = new World('oci');
  before(() => world.open({}));
  after(() => world.close());

  test('that was only pushed leaves nothing of it, and the first spawn has the whole', async () => {
    const repository = await TestRepository.make(world, 'ahead');
    const layer = makeLayer(
      Array.from({ length: 1_500 }, (_, at) => ({ name: `data/a${at}`, content: `${at}`.padEnd(40_000) })),
    );
    await repository.pushImage('latest', [layer, baseLayer()], serving('ls /data | wc -l'));
    const layers = join(world.server.dataDir, 'images/layers');
    const isUnpacking = async () => (await readdir(layers)).some(folder => folder.startsWith('.'));
    await eventually('a part of the layer', async () => await isUnpacking());
    await world.server.kill();
    assert.ok(await isUnpacking(), 'it was unpacked before the kill: this test has shown nothing');
    await world.server.start();
    assert.deepEqual(
      (await readdir(layers)).filter(folder => folder.startsWith('.')),
      [],
    );
    const backend = await world.spawn('ahead');
    await backend.reaches('Ready');
    assert.deepEqual(await backend.log('?tail=1&follow=false'), ['1500']);
  });

  test('leaves no half of it: the spawn goes on with the whole', async () => {
    const repository = await TestRepository.make(world, 'unpacking');
    const files = Array.from({ length: 1_000 }, (_, at) => ({
      name: `data/f${at}`,
      content: `${at}`.padEnd(40_000),
    }));
    const layer = makeLayer(files);
    await repository.pushImage('latest', [baseLayer(), layer], serving('ls /data | head -n 1'));
    const layers = join(world.server.dataDir, 'images/layers');
    const name = digestOf(layer).slice(7, 23);

    const backend = await world.spawn('unpacking');
    await eventually('a part of the layer', async () =>
      (await readdir(layers)).some(folder => folder.startsWith('.')),
    );
    await world.server.kill();
    const wasWhole = (await readdir(layers)).includes(name);
    await world.server.start();
    await backend.reaches('Ready');
    assert.deepEqual(
      (await readdir(layers)).filter(folder => folder.startsWith('.')),
      [],
    );
    assert.equal((await readdir(join(layers, name, 'fs/data'))).length, files.length);
    assert.equal((await backend.request('/')).status, 200);
    assert.equal(wasWhole, false, 'it was unpacked before the kill: this test has shown nothing');
  });
});

async function* slowly(content: Buffer): AsyncGenerator<Buffer> {
  const step = 256 * 1024;
  for (let at = 0; at < content.length; at += step) {
    yield content.subarray(at, at + step);
    await new Promise(resolve => setTimeout(resolve, 40));
  }
}
