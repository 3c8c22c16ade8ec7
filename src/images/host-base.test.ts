import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RuntimeError } from '../runtime/runtime.ts';
import { ImageStore } from './image-store.ts';

const signal = AbortSignal.timeout(10_000);

describe('the host base', { skip: process.platform !== 'linux' && 'made of a Linux machine' }, () => {
  let dataDir: string;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'berth-images-'));
  });
  after(() => rm(dataDir, { recursive: true }));

  async function layer(): Promise<string> {
    const { layers } = await new ImageStore({ dataDir }).prepare({ kind: 'host' }, { signal });
    assert.equal(layers.length, 1);
    return layers[0] ?? '';
  }

  test('is made once, and found again', async () => {
    const first = await layer();
    const { ino } = await stat(first);
    assert.equal(await layer(), first);
    assert.equal((await stat(first)).ino, ino);
    assert.equal((await readdir(join(dataDir, 'images/host'))).length, 1);
  });

  test('has accounts of its own and public files only', async () => {
    const root = await layer();
    assert.doesNotMatch(await readFile(join(root, 'etc/passwd'), 'utf8'), /berth|\/bin\/bash/);
    const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter(file =>
      file.isFile(),
    );
    for (const file of files) {
      assert.equal((await stat(join(file.parentPath, file.name))).mode & 0o777, 0o644, file.name);
    }
    await assert.rejects(stat(join(root, 'etc/shadow')), { code: 'ENOENT' });
    assert.equal((await stat(join(root, 'tmp'))).mode & 0o7777, 0o1777);
  });

  test('brings the machine’s programs and Berth’s own Node', async () => {
    const mounts = await new ImageStore({ dataDir }).mounts({ kind: 'host' });
    assert.deepEqual(mounts[0], { source: '/usr', destination: '/usr' });
    assert.deepEqual(mounts.at(-1), {
      source: await realpath(process.execPath),
      destination: '/opt/berth/bin/node',
    });
    const root = await layer();
    for (const { destination } of mounts) await stat(join(root, destination)); // there is something to mount on
  });

  test('an image that nobody has put there is an error that names it', async () => {
    const prepared = new ImageStore({ dataDir }).prepare(
      { kind: 'repository', repository: 'team/hello', reference: 'v1' },
      { signal },
    );
    await assert.rejects(
      prepared,
      (error: RuntimeError) =>
        error instanceof RuntimeError &&
        error.code === 'image-error' &&
        error.message === 'image team/hello:v1 is not in the image store',
    );
  });
});
