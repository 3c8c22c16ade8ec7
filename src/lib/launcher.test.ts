import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CommandError } from './command.ts';
import { Launcher } from './launcher.ts';

let folder: string;
const launcher = new Launcher();
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-launcher-'));
});
after(async () => {
  await launcher.stop();
  await rm(folder, { recursive: true });
});

function launch(script: string) {
  const errorFile = join(folder, 'errors');
  return launcher.launch({
    file: '/bin/sh',
    args: ['-c', script],
    cwd: folder,
    env: { WORD: 'hello' },
    errorFile,
  });
}

test('a command gets input and gives its output', async () => {
  assert.deepEqual(await launcher.run('cat', [], { input: 'text ✓' }), { stdout: 'text ✓', stderr: '' });
});

test('a command that fails tells its code and what it said', async () => {
  const failed = launcher.run('/bin/sh', ['-c', 'echo wrong >&2; exit 3']);
  await assert.rejects(failed, (error: CommandError) => error.exitCode === 3 && error.stderr === 'wrong\n');
  await assert.rejects(launcher.run('no-such-program', []), CommandError);
  await assert.rejects(launcher.run('sleep', ['100'], { timeoutMs: 50 }), /SIGKILL/);
});

test('commands run beside each other', async () => {
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => launcher.run('echo', [String(i)])));
  assert.deepEqual(
    results.map(({ stdout }) => stdout.trim()),
    Array.from({ length: 20 }, (_, i) => String(i)),
  );
});

test('a launched program tells when it is ready, and its end is told', async () => {
  const { pid, ready, ended } = await launch('pwd >&2; echo "$WORD $$" >&3; exit 1');
  assert.equal(await ready, `hello ${pid}\n`);
  assert.deepEqual(await ended, { exitCode: 1, lastWords: '' });
  assert.equal((await readFile(join(folder, 'errors'), 'utf8')).trim(), folder);
});

test('a launched program that ends without a word, or is none, is an error', async () => {
  const { ready, ended } = await launch('exit 0');
  await assert.rejects(ready, /without a word/);
  assert.deepEqual(await ended, { exitCode: 0, lastWords: '' });
  const none = launcher.launch({
    file: '/none',
    args: [],
    cwd: folder,
    env: {},
    errorFile: join(folder, 'none'),
  });
  await assert.rejects(none, /could not be started/);
});

test('a launched program reads and writes files, and may go on telling', async () => {
  const [inputFile, outputFile] = [join(folder, 'input'), join(folder, 'output')];
  await writeFile(inputFile, 'some text');
  const spec = { cwd: folder, env: {}, inputFile, outputFile, errorFile: join(folder, 'errors') };
  const script = 'echo one >&3; cat; echo two >&3; sleep 0.05; echo three >&3; kill -9 $$';
  const { ready, ended } = await launcher.launch({
    ...spec,
    file: '/bin/sh',
    args: ['-c', script],
    keepsTelling: true,
  });
  assert.equal(await ready, 'one\n');
  assert.deepEqual(await ended, { exitCode: 137, lastWords: 'two\nthree\n' });
  assert.equal(await readFile(outputFile, 'utf8'), 'some text');
  const missing = launcher.launch({
    ...spec,
    inputFile: join(folder, 'missing'),
    file: '/bin/true',
    args: [],
  });
  await assert.rejects(missing, /could not be started/);
  assert.equal((await launcher.run('echo', ['still there'])).stdout, 'still there\n');
});

test('a launched program runs on when the launcher ends, which starts again when it is needed', async () => {
  const { pid, ready, ended } = await launch('echo up >&3; exec sleep 100');
  await ready;
  await launcher.stop();
  assert.equal(await ended, undefined);
  assert.equal(process.kill(pid, 'SIGKILL'), true);
  assert.equal((await launcher.run('echo', ['again'])).stdout, 'again\n');
});
