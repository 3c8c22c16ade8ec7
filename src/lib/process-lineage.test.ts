import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Lineages } from './process-lineage.ts';

if (process.platform === 'linux') {
  test('a process comes from its parents, and belongs to the leader of its session', async () => {
    const own = await new Lineages().of(process.pid);
    assert.equal(own[0], process.pid);
    assert.ok(own.includes(process.ppid));
    const child = spawn('sh', ['-c', 'sh -c "sleep 1000 & echo \\$!"; wait; sleep 1000'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [said] = await once(child.stdout, 'data');
    const left = await new Lineages().of(Number(said));
    assert.equal(left[0], Number(said));
    assert.ok(left.includes(child.pid ?? -1), left.join());
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(await new Lineages().of(2 ** 22 + 1), []);
  });
}
