import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const launcher = join(import.meta.dirname, '../bin/berth');

interface Checkout {
  readonly folder: string;
  readonly berth: string;
  /** Puts a program `node` there that tells its version and what it was started with. */
  readonly addNode: (place: 'checkout' | 'path', version: string) => Promise<void>;
  readonly run: (
    file: string,
    ...args: string[]
  ) => Promise<{ code: number; stdout: string; stderr: string }>;
}

async function checkout(t: TestContext, { installed }: { installed: boolean }): Promise<Checkout> {
  const folder = await mkdtemp(join(tmpdir(), 'berth launcher-'));
  t.after(() => rm(folder, { recursive: true }));
  const berth = join(folder, 'bin/berth');
  const path = join(folder, 'path');
  await mkdir(join(folder, 'bin'));
  await mkdir(path);
  await copyFile(launcher, berth);
  if (installed) await mkdir(join(folder, 'node_modules/commander'), { recursive: true });
  for (const tool of ['dirname', 'readlink']) await symlink(`/usr/bin/${tool}`, join(path, tool));
  return {
    folder,
    berth,
    addNode: async (place, version) => {
      const bin = place === 'path' ? path : join(folder, 'node_modules/.bin');
      await mkdir(bin, { recursive: true });
      const script = `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || echo "${place}" "$@"\n`;
      await writeFile(join(bin, 'node'), script, { mode: 0o755 });
    },
    run: (file, ...args) =>
      new Promise(done => {
        const options = { env: { PATH: path }, timeout: 10_000 };
        const child = execFile(file, args, options, (_, stdout, stderr) => {
          done({ code: child.exitCode ?? -1, stdout, stderr });
        });
      }),
  };
}

test("the checkout's own Node goes before the one on the PATH", async t => {
  const { folder, berth, addNode, run } = await checkout(t, { installed: true });
  await addNode('checkout', 'v24.9.1');
  await addNode('path', 'v26.0.0');
  const { stdout } = await run(berth, 'spawn', 'a b');
  assert.equal(
    stdout,
    `checkout --disable-warning=ExperimentalWarning ${folder}/src/cli/main.ts spawn a b\n`,
  );
});

test('an old Node is passed over', async t => {
  const { berth, addNode, run } = await checkout(t, { installed: true });
  await addNode('checkout', 'v22.9.0');
  await addNode('path', 'v24.9.0');
  assert.match((await run(berth)).stdout, /^path /);
});

test('it is found through symbolic links, also relative ones', async t => {
  const { folder, addNode, run } = await checkout(t, { installed: true });
  await addNode('path', 'v24.9.0');
  await mkdir(join(folder, 'links'));
  await symlink('../bin/berth', join(folder, 'links/relative'));
  await symlink(join(folder, 'links/relative'), join(folder, 'berth'));
  assert.match((await run(join(folder, 'berth'))).stdout, new RegExp(` ${folder}/src/cli/main\\.ts\n$`));
});

test('without a good Node it says which it found and how to get one', async t => {
  const { berth, addNode, run } = await checkout(t, { installed: true });
  const none = await run(berth);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /needs Node 24\.9 or later, found none\./);
  await addNode('path', 'v20.20.2');
  assert.match((await run(berth)).stderr, /found v20\.20\.2 \(.*path\/node\)\./);
});

test('without its dependencies it says how to install them', async t => {
  const { folder, berth, addNode, run } = await checkout(t, { installed: false });
  await addNode('path', 'v24.9.0');
  const { code, stderr } = await run(berth);
  assert.equal(code, 1);
  assert.ok(stderr.includes(`cd ${folder} && npm ci`), stderr);
});
