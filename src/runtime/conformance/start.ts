import assert from 'node:assert/strict';
import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { askMirror, mirror } from './programs.ts';
import { isRuntimeError, node, sharedWorld } from './world.ts';

export function startPromises(subject: URL): void {
  describe('a workload that starts', () => {
    const world = sharedWorld(subject);

    test('is reached at its address and has its own environment', async () => {
      process.env.BERTH_CONFORMANCE_SECRET = 'not for programs';
      const { id, address } = await world().run({
        command: [...node(mirror), 'an argument', '$HOME; *'],
        env: { COLOR: 'green', EMPTY: '', TEXT: 'a b\n"c"', PORT: '1' },
      });
      delete process.env.BERTH_CONFORMANCE_SECRET;
      const { env, argv } = await askMirror(address);

      assert.deepEqual(argv, ['an argument', '$HOME; *']);
      assert.equal(env.COLOR, 'green');
      assert.equal(env.EMPTY, '');
      assert.equal(env.TEXT, 'a b\n"c"');
      assert.equal(env.PORT, String(address.port));
      assert.deepEqual(
        Object.keys(env).filter(name => name.startsWith('BERTH_')),
        [],
      );
      await world().runtime.remove(id);
    });

    test('has a home and a folder for temporary files', async () => {
      const script = `
        const { writeFileSync } = require('fs');
        const { homedir, tmpdir } = require('os');
        for (const folder of [homedir(), tmpdir()]) writeFileSync(folder + '/file', 'text');
      `;
      const { id } = await world().run({ command: node(script) });
      assert.equal((await world().exit(id)).exitCode, 0);
    });

    test('runs in its directory', async () => {
      const directory = await realpath(await mkdtemp(join(tmpdir(), 'berth-program-')));
      await chmod(directory, 0o755); // the program may run as another user
      await writeFile(join(directory, 'main.js'), "console.log('from the directory')");
      const { id } = await world().run({ command: ['node', 'main.js'], directory });
      assert.equal((await world().exit(id)).exitCode, 0);
      assert.deepEqual(await world().lines(id), ['from the directory']);
      await rm(directory, { recursive: true });
    });

    test('gets a port that nobody else has, also among many', async () => {
      const made = await Promise.all(Array.from({ length: 20 }, () => world().create({ command: ['true'] })));
      const addresses = made.map(({ address }) => `${address.host}:${address.port}`);
      assert.equal(new Set(addresses).size, 20);
      for (const { id } of made) await world().runtime.remove(id);
    });

    test('does not run before it is started', async () => {
      const { id } = await world().create({ command: node("console.log('up')") });
      assert.deepEqual(await world().lines(id), []);
      await world().runtime.start(id);
      await world().exit(id);
      assert.deepEqual(await world().lines(id), ['up']);
    });

    test('says what is wrong where the command does not exist', async () => {
      const start = world().run({ command: ['no-such-program', 'x'] });
      await assert.rejects(start, isRuntimeError('start-error', 'command not found: no-such-program'));
    });

    test('says what is wrong where the directory does not exist', async () => {
      const start = world().run({ command: ['true'], directory: '/no/such/directory' });
      await assert.rejects(start, isRuntimeError('start-error', 'directory'));
    });

    test('is not made twice', async () => {
      const { id } = await world().create({ command: ['true'] });
      const image = await world().runtime.prepare({ kind: 'host' }, { signal: AbortSignal.timeout(1000) });
      const again = world().runtime.create({ id, image, command: ['true'], env: {}, limits: {} });
      await assert.rejects(again, isRuntimeError('start-error', 'exists'));
    });
  });
}
