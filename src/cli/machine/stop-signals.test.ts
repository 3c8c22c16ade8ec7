import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const limitMs = 10_000;
const program = `
  import { StopSignals } from ${JSON.stringify(join(import.meta.dirname, 'stop-signals.ts'))};
  const signals = new StopSignals();
  const busy = setInterval(() => {}, 1000);
  void signals.first.then(signal => console.log(signal));
  process.stdin.on('data', () => process.exit(0));
  console.log('running');
`;

async function start(t: TestContext): Promise<{ child: ChildProcess; lines: Interface }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  assert.equal(await nextLine(lines), 'running');
  return { child, lines };
}

async function nextLine(lines: Interface): Promise<unknown> {
  return (await once(lines, 'line', { signal: AbortSignal.timeout(limitMs) }))[0];
}

test('the first signal is told and does not end the process', async t => {
  const { child, lines } = await start(t);
  child.kill('SIGINT');
  assert.equal(await nextLine(lines), 'SIGINT');
  child.kill('SIGINT');
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(limitMs) });
  child.stdin?.write('end\n');
  assert.deepEqual(await ended, [0, null], 'an echo of the first one changes nothing');
});

test('a later one ends it at once', async t => {
  const { child, lines } = await start(t);
  child.kill('SIGTERM');
  assert.equal(await nextLine(lines), 'SIGTERM');
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(limitMs) });
  // Longer than what counts as an echo.
  await sleep(400);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [128 + 15, null]);
});
