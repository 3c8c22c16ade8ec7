import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { readTar } from '../../../lib/tar/read-tar.ts';
import { parseNewTarget, parseTarget, serviceNameIn } from '../target.ts';
import { folderLayer } from './folder-layer.ts';
import { IgnoreRules, parseIgnoreFile } from './ignore-file.ts';
import { commandWords } from './image-options.ts';
import { configWith, hasCommand } from './publish.ts';

describe('an ignore file', () => {
  for (const [text, ignored, taken] of [
    ['node_modules', ['node_modules', 'node_modules/a/b'], ['src/node_modules', 'node_modules2']],
    ['/dist/', ['dist', 'dist/a'], ['a/dist']],
    ['*.log', ['a.log', '.log'], ['a/b.log', 'a.logs']],
    ['**/*.log', ['a.log', 'a/b/c.log'], ['a.txt']],
    ['a/**/z', ['a/z', 'a/b/c/z'], ['z', 'b/a/z']],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'b']],
    ['file?.[ch]', ['file1.c', 'file2.h'], ['file.c', 'file12.c', 'file1.d']],
    ['[^a]b', ['cb'], ['ab', '/b']],
    ['# note\n\n  tmp  \n', ['tmp', 'tmp/x'], ['# note', 'note']],
    ['*.md\n!README.md', ['a.md'], ['README.md']],
    ['!README.md\n*.md', ['README.md'], ['a.txt']],
    ['docs\n!docs/keep', ['docs', 'docs/a'], ['docs/keep', 'docs/keep/b']],
    ['a+b(c).txt', ['a+b(c).txt'], ['aab(c).txt']],
    ['\\*', ['*'], ['a']],
    ['.', [], ['a']],
    ['', [], ['a', '.dockerignore']],
  ] as const) {
    test(`with ${JSON.stringify(text)}`, () => {
      const rules = parseIgnoreFile(text);
      for (const path of ignored) assert.equal(rules.ignores(path), true, path);
      for (const path of taken) assert.equal(rules.ignores(path), false, path);
    });
  }
});

describe('a folder as a layer', () => {
  async function folder(t: TestContext): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'berth-folder-'));
    t.after(() => rm(path, { recursive: true }));
    await mkdir(join(path, 'b/c'), { recursive: true });
    await writeFile(join(path, 'b/c/é'), 'x'.repeat(1_000));
    await writeFile(join(path, 'run.sh'), '#!/bin/sh\n');
    await chmod(join(path, 'run.sh'), 0o700);
    await writeFile(join(path, 'empty'), '', { mode: 0o600 });
    await symlink('../elsewhere', join(path, 'link'));
    return path;
  }
  const pack = async (path: string, target = '/srv/app', ignore = '') =>
    Buffer.concat(await Array.fromAsync(folderLayer(path, target, parseIgnoreFile(ignore))));

  async function members(archive: Buffer): Promise<string[]> {
    const found: string[] = [];
    await readTar(
      Readable.from([archive]),
      async ({ name, type, mode, target, sizeBytes, uid, modifiedAt }) => {
        const shown = Buffer.from(name, 'latin1').toString('utf8');
        found.push([shown, type, mode.toString(8), target, sizeBytes, uid, modifiedAt].join(' '));
      },
    );
    return found;
  }

  test('has what is in it, in order, as anybody’s', async t => {
    assert.deepEqual(await members(await pack(await folder(t))), [
      'srv/ folder 755  0 0 0',
      'srv/app/ folder 755  0 0 0',
      'srv/app/b/ folder 755  0 0 0',
      'srv/app/b/c/ folder 755  0 0 0',
      'srv/app/b/c/é file 644  1000 0 0',
      'srv/app/empty file 644  0 0 0',
      'srv/app/link symbolic-link 777 ../elsewhere 0 0 0',
      'srv/app/run.sh file 755  10 0 0',
    ]);
  });

  test('is the same at any time and place', async t => {
    const [one, other] = [await folder(t), await folder(t)];
    await utimes(join(other, 'run.sh'), 1, 1);
    assert.ok((await pack(one)).equals(await pack(other)));
    await writeFile(join(other, 'run.sh'), '#!/bin/sh \n');
    assert.ok(!(await pack(one)).equals(await pack(other)));
  });

  test('lacks what is to be left out', async t => {
    const names = async (ignore: string) =>
      (await members(await pack(await folder(t), '/', ignore))).map(line => line.split(' ')[0]);
    assert.deepEqual(await names('b\nempty'), ['link', 'run.sh']);
    assert.deepEqual(await names('b\n!b/c\nlink'), ['b/c/', 'b/c/é', 'empty', 'run.sh']);
    assert.equal((await IgnoreRules.of('/nowhere')).ignores('a'), false);
  });
});

test('a command is words, or a JSON array', () => {
  assert.deepEqual(commandWords('node server.js --name "a b" \'c d\'e ""'), [
    'node',
    'server.js',
    '--name',
    'a b',
    'c de',
    '',
  ]);
  assert.deepEqual(commandWords('["sh", "-c", "echo $A"]'), ['sh', '-c', 'echo $A']);
  for (const bad of ['', '  ', '[]', '[1]', '["a"', 'a "b', '"" a']) assert.throws(() => commandWords(bad));
});

test('an image keeps what its base says, but for what is said otherwise', () => {
  const base = {
    architecture: 'arm',
    config: {
      Entrypoint: ['/entry'],
      Cmd: ['x'],
      Env: ['PATH=/bin', 'A=1'],
      User: 'web',
      Labels: { a: 'b' },
    },
    history: [{}],
  };
  const changed = configWith(
    { command: ['run'], env: { A: '2', B: 'x=y' }, workdir: '/app' },
    ['sha256:1'],
    base,
  );
  assert.deepEqual(changed.config, {
    Entrypoint: null,
    Cmd: ['run'],
    Env: ['PATH=/bin', 'A=2', 'B=x=y'],
    User: 'web',
    Labels: { a: 'b' },
    WorkingDir: '/app',
  });
  assert.deepEqual(
    [changed.architecture, changed.rootfs],
    ['arm', { type: 'layers', diff_ids: ['sha256:1'] }],
  );
  assert.deepEqual(
    [hasCommand(changed), hasCommand(base), hasCommand({ config: { Cmd: [] } }), hasCommand({})],
    [true, true, false, false],
  );
});

test('targets are read, and made of other names', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  assert.deepEqual(parseTarget('web'), { service: 'web' });
  assert.deepEqual(parseTarget('web:v1'), { service: 'web', reference: 'v1' });
  assert.deepEqual(parseTarget(`web@${digest}`), { service: 'web', reference: digest });
  assert.deepEqual(parseNewTarget('web', 'v2'), { service: 'web', tag: 'v2' });
  for (const bad of ['', 'Web', 'a/b', 'a:', 'a@sha256:1', 'a:b:c', '-a'])
    assert.throws(() => parseTarget(bad));
  assert.throws(() => parseNewTarget(`web@${digest}`));
  assert.deepEqual(['docker.io/library/My App', '...', 'x/y_z'].map(serviceNameIn), [
    'my-app',
    undefined,
    'y-z',
  ]);
});
