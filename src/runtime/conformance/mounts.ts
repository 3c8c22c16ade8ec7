import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { VolumeFolders } from '../../volumes/index.ts';
import { isRuntimeError, node, sharedWorld } from './world.ts';

/** Reads `file` in the folder of its first argument, says what is there, and adds a line. */
const appending = `
  const { appendFileSync, mkdirSync, readFileSync } = require('fs');
  const folder = process.argv[1];
  let text = 'nothing';
  try { text = readFileSync(folder + '/deep/file', 'utf8').trim(); } catch (error) { if (error.code !== 'ENOENT') throw error; }
  console.log(text);
  mkdirSync(folder + '/deep', { recursive: true });
  appendFileSync(folder + '/deep/file', 'line\\n');
`;

export function mountPromises(subject: URL, { mounts }: { mounts: boolean }): void {
  describe('a mounted folder', () => {
    const world = sharedWorld(subject);
    const readonly = { readonly: true, handOver: false };
    let outside: string;

    before(async () => {
      outside = await realpath(await mkdtemp(join(tmpdir(), 'berth-mounted-')));
    });
    after(() => rm(outside, { recursive: true }));

    const output = async (command: readonly string[], source: string, more: object = {}) => {
      const mount = { source, target: '/mounted', readonly: false, handOver: true, ...more };
      const { id } = await world().run({ command, mounts: [mount] });
      const { exitCode } = await world().exit(id);
      const result = { exitCode, lines: await world().lines(id) };
      await world().runtime.remove(id);
      return result;
    };
    /** Where the program finds a folder. */
    const placeOf = (source: string) => (mounts ? '/mounted' : source);

    test('is there as the runtime says of itself', () => {
      assert.equal(world().runtime.capabilities().mounts, mounts);
    });

    test('is written by one workload and found and written again by the next', async () => {
      const volumes = new VolumeFolders(join(outside, 'volumes'));
      await volumes.prepare();
      for (const expected of ['nothing', 'line', 'line\nline']) {
        await using volume = await volumes.open({ owner: { kind: 'account', id: 'acct' }, path: 'a' });
        const pinned = { pinned: volume.pinnedPath };
        const { exitCode, lines } = await output(
          [...node(appending), placeOf(volume.path)],
          volume.path,
          pinned,
        );
        assert.equal(exitCode, 0);
        assert.equal(lines.join('\n'), expected);
      }
    });

    if (!mounts) return;
    test('can be for reading only', async () => {
      const source = join(outside, 'readonly');
      await mkdir(source, { mode: 0o777 });
      await writeFile(join(source, 'file'), 'text\n', { mode: 0o644 });
      const write = `
        const { readFileSync, writeFileSync } = require('fs');
        console.log(readFileSync('/mounted/file', 'utf8').trim());
        try { writeFileSync('/mounted/other', ''); } catch ({ code }) { console.log(code); }
      `;
      assert.deepEqual((await output(node(write), source, readonly)).lines, ['text', 'EROFS']);
      assert.deepEqual(await readdir(source), ['file']);
    });

    test('lets nobody out of it by a link, and gives no rights of its files', async () => {
      const source = join(outside, 'links');
      await mkdir(source);
      await writeFile(join(outside, 'secret'), 'secret');
      const read = `
        const { chmodSync, copyFileSync, readFileSync, symlinkSync } = require('fs');
        symlinkSync('${outside}', '/mounted/link');
        try { console.log(readFileSync('/mounted/link/secret', 'utf8')); } catch ({ code }) { console.log(code); }
        copyFileSync('/usr/bin/id', '/mounted/id');
        chmodSync('/mounted/id', 0o4755);
      `;
      assert.deepEqual((await output(node(read), source)).lines, ['ENOENT']);
      const options = await output(
        ['sh', '-c', 'grep " /mounted " /proc/self/mountinfo | cut -d" " -f6; id -u'],
        source,
      );
      const [flags = '', uid] = options.lines;
      for (const flag of ['nosuid', 'nodev']) assert.ok(flags.split(',').includes(flag), flags);
      assert.notEqual(uid, '0');
    });

    test('that was replaced meanwhile is not mounted, and nothing is left of the workload', async () => {
      const [pinned, source] = [join(outside, 'pinned'), join(outside, 'replaced')];
      await mkdir(pinned);
      await mkdir(source);
      await assert.rejects(
        output(['true'], source, { pinned }),
        isRuntimeError('start-error', 'a folder to mount was replaced'),
      );
      assert.equal((await stat(source)).uid, process.getuid?.(), 'nor given away');
      assert.deepEqual((await output(['echo', 'x'], pinned, { pinned })).lines, ['x']);
    });

    test('can be a single file', async () => {
      const source = join(outside, 'single');
      await writeFile(source, 'text\n', { mode: 0o644 });
      assert.deepEqual((await output(['cat', '/mounted'], source, readonly)).lines, ['text']);
      assert.equal(await readFile(source, 'utf8'), 'text\n');
    });
  });
}
