import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RootStore } from './root-store.ts';
import { filesOfState } from './testing/churn.ts';

const owner = fileURLToPath(new URL('./testing/churn.ts', import.meta.url));
const rounds = 5;

test('a server that is killed while it copies leaves whole checkpoints, a whole root, and nothing else', {
  timeout: 120_000,
}, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-roots-'));
  t.after(() => execFileSync('rm', ['-rf', folder]));
  for (let round = 0; round < rounds; round++) {
    const server = spawn(process.execPath, [owner, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    assert.ok(server.stdout);
    const exited = once(server, 'exit');
    const steps = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    let stepMs = 200;
    for (let step = 0; step <= round % 3; step++) {
      const begin = performance.now();
      await steps.next();
      if (step > 0) stepMs = performance.now() - begin;
    }
    await delay(stepMs * ((round * 0.37) % 1)); // in the middle of the next
    server.kill('SIGKILL');
    assert.deepEqual(await exited, [null, 'SIGKILL']);

    const store = new RootStore(folder);
    await store.open();
    await emptied(join(folder, '.trash'));
    assert.deepEqual(await readdir(join(folder, 'box/unfinished')), []);
    assert.equal((await readdir(join(folder, 'box/layers'))).length, 1);
    const { upper } = await store.make('box');
    await assertWholeStates(upper);
    for (const name of await store.listCheckpoints('box')) {
      const path = store.checkpointPath('box', name);
      assert.ok((await readdir(path)).includes(`s${name.slice(1)}`), name);
      await assertWholeStates(path);
    }
    const [name] = await store.listCheckpoints('box');
    if (name !== undefined) {
      await store.restoreCheckpoint('box', name);
      await assertWholeStates((await store.make('box')).upper);
    }
    await store.close();
  }
  assert.ok((await readdir(join(folder, 'box/checkpoints'))).length > 0);
});

/** Files are deleted by and by. */
async function emptied(folder: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await readdir(folder)).length > 0) {
    assert.ok(performance.now() < deadline, `there is still something in ${folder}`);
    await delay(10);
  }
}

async function assertWholeStates(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^s\d+$/.test(name)) continue;
    const files = await readdir(join(folder, name));
    assert.equal(files.length, filesOfState, name);
    for (const file of files) assert.equal(await readFile(join(folder, name, file), 'utf8'), name.slice(1));
  }
}
