import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { readInside } from './inside/inside-files.ts';
import { cannotRun, eventually, TestWorld, traces } from './test-world.ts';

test('files inside are read without following what programs have put there', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-inside-'));
  t.after(() => rm(folder, { recursive: true }));
  const [secret, etc] = [join(folder, 'secret'), join(folder, 'root/etc')];
  await writeFile(secret, 'secret');
  await mkdir(etc, { recursive: true });
  await writeFile(join(etc, 'hosts'), 'text');
  await writeFile(join(etc, 'large'), 'x'.repeat(100_000));
  await symlink(secret, join(etc, 'link'));
  await symlink(folder, join(etc, 'folder'));
  await promisify(execFile)('mkfifo', [join(etc, 'fifo')]);
  const read = (path: string) => readInside(join(folder, 'root'), path);
  assert.equal(await read('etc/hosts'), 'text');
  for (const path of [
    'etc/link',
    'etc/folder/secret',
    'etc/fifo',
    'etc/large',
    'etc',
    'no/such',
    'etc/hosts/x',
  ]) {
    assert.equal(await read(path), '', path);
  }
});

describe('from inside a container', { skip: cannotRun }, () => {
  test('names are those of its own file of hosts', async () => {
    await using world = await TestWorld.make();
    await world.run({ id: 'one', idle: true });
    const listen =
      "require('net').createServer(s => s.end('db')).listen(5432, '127.0.0.1', () => console.log('up'))";
    const session = await world.runtime.exec('one', { command: ['node', '-e', listen] });
    for await (const _ of session.stdout) break;
    const hosts = ['sh', '-c', 'echo 127.0.0.1 db.internal >> /etc/hosts'];
    const edit = await world.runtime.exec('one', { command: hosts, user: 'root' });
    assert.deepEqual(await edit.exited, { exitCode: 0 });
    const { signal } = new AbortController();
    const request = { host: 'db.internal', port: 5432, timeoutMs: 10_000, signal };
    let answer = '';
    for await (const chunk of await world.runtime.connect('one', request)) answer += chunk;
    assert.equal(answer, 'db');
  });

  test('nothing that connects stays behind its workload', async () => {
    await using world = await TestWorld.make();
    await world.run({ id: 'one', idle: true });
    const { signal } = new AbortController();
    const request = { host: 'localhost', port: 1, timeoutMs: 10_000, signal };
    await assert.rejects(world.runtime.connect('one', request));
    await world.runtime.remove('one');
    await world.close();
    const { namespaces, interfaces } = await traces(world.dataDir);
    assert.deepEqual([namespaces, interfaces], [[], []]);
    await eventually('the end of all children', async () => {
      const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8').catch(() => '');
      const pids = children.split(' ').filter(Boolean);
      const commands = await Promise.all(
        pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
      );
      return !commands.some(command => command.includes('dial-process')) || undefined;
    });
  });
});
