import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cannotRun, eventually, TestWorld } from './test-world.ts';

const mebibyte = 1024 * 1024;

describe('limits of an oci workload', { skip: cannotRun }, () => {
  let world: TestWorld;
  before(async () => {
    world = await TestWorld.make();
  });
  after(() => world[Symbol.asyncDispose]());

  test('memory: the program is killed, and the exit says why', async () => {
    const { exit } = await world.output({
      id: 'memory',
      command: ['node', '-e', 'const all = []; while (true) all.push(Buffer.alloc(1 << 20, 1))'],
      limits: { memoryBytes: 100 * mebibyte },
    });
    assert.equal(exit.outOfMemory, true);
    assert.equal(exit.exitCode, 137);
  });

  test('memory: the program sees its limit, whatever umask the server has', async () => {
    const umask = process.umask(0o077);
    await using own = await TestWorld.make();
    const { lines } = await own.output({
      id: 'sees',
      command: ['node', '-p', 'process.constrainedMemory()'],
      limits: { memoryBytes: 100 * mebibyte },
    });
    process.umask(umask);
    assert.deepEqual(lines, [String(100 * mebibyte)]);
  });

  test('memory: a program that survives the loss of a child and ends well did not run out of it', async () => {
    const hog = 'const all = []; while (true) all.push(Buffer.alloc(1 << 20, 1))';
    const { exit } = await world.output({
      id: 'child',
      command: ['sh', '-c', `node -e '${hog}'; exit 0`],
      limits: { memoryBytes: 100 * mebibyte },
    });
    assert.deepEqual([exit.exitCode, exit.outOfMemory], [0, false]);
  });

  test('a program that fails by itself did not run out of memory', async () => {
    const { exit } = await world.output({
      id: 'failing',
      command: ['sh', '-c', 'exit 3'],
      limits: { memoryBytes: 100 * mebibyte },
    });
    assert.deepEqual([exit.exitCode, exit.outOfMemory], [3, false]);
  });

  test('memory: the limit of a running program can be raised, lowered and lifted', async () => {
    const script = `
      const all = [];
      process.stdin.on('data', text => { for (let n = Number(text); n > 0; n--) all.push(Buffer.alloc(1 << 20, 1)); });
      setInterval(() => {}, 1000);
    `;
    await world.run({ id: 'adjusted', command: ['sleep', '100'], limits: { memoryBytes: 64 * mebibyte } });
    const limit = async () => (await world.runtime.stats('adjusted')).memoryLimitBytes;
    for (const memoryBytes of [200 * mebibyte, 150 * mebibyte]) {
      await world.runtime.setLimits('adjusted', { memoryBytes });
      assert.equal(await limit(), memoryBytes);
    }
    const session = await world.runtime.exec('adjusted', { command: ['node', '-e', script] });
    session.stdin.write('80\n');
    await eventually('its memory', async () => {
      const { memoryBytes } = await world.runtime.stats('adjusted');
      return memoryBytes > 80 * mebibyte || undefined;
    });
    await assert.rejects(world.runtime.setLimits('adjusted', { memoryBytes: 40 * mebibyte }), {
      code: 'conflict',
    });
    assert.equal(await limit(), 150 * mebibyte);
    await world.runtime.setLimits('adjusted', {});
    assert.equal(await limit(), undefined);
    session.kill('SIGKILL');
    await session.exited;
    await world.runtime.remove('adjusted');
    await assert.rejects(world.runtime.setLimits('adjusted', {}), { code: 'not-found' });
  });

  test('pids: no more processes can be made', async () => {
    const { lines } = await world.output({
      id: 'pids',
      command: ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; echo end'],
      limits: { pids: 5 },
    });
    assert.match(lines.join('\n'), /Cannot fork|Resource temporarily unavailable/);
  });

  test('cpu: a busy program gets its share only', async () => {
    await world.run({
      id: 'cpu',
      command: ['node', '-e', 'while (true);'],
      limits: { cpu: { quotaUs: 20_000, periodUs: 100_000 } },
    });
    const first = await world.runtime.stats('cpu');
    const begin = process.hrtime.bigint();
    await new Promise(resolve => setTimeout(resolve, 600));
    const second = await world.runtime.stats('cpu');
    const share = (second.cpuNs - first.cpuNs) / Number(process.hrtime.bigint() - begin);
    assert.ok(share < 0.4, `${share} of a processor`);
    await world.runtime.remove('cpu');
  });

  test('CPU time: the program is killed when it has used it up', async () => {
    const { exit } = await world.output({
      id: 'time',
      command: ['node', '-e', 'while (true);'],
      limits: { cpuTimeSeconds: 1 },
    });
    assert.deepEqual([exit.exitCode, exit.outOfMemory], [137, false]);
  });

  test('what is used can be read', async () => {
    await world.run({ id: 'used', command: ['sleep', '100'], limits: { memoryBytes: 64 * mebibyte } });
    const stats = await world.runtime.stats('used');
    assert.equal(stats.memoryLimitBytes, 64 * mebibyte);
    assert.ok(stats.cpuNs > 0);
    assert.ok(stats.memoryBytes < 64 * mebibyte);
    await world.runtime.remove('used');
    await assert.rejects(world.runtime.stats('used'), { code: 'not-found' });
  });
});
