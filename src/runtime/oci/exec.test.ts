import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { ExecSpec } from '../runtime.ts';
import { LineEnds } from './exec/line-ends.ts';
import { cannotRun, eventually, TestWorld } from './test-world.ts';

describe('a further process in a container', { skip: cannotRun }, () => {
  let world: TestWorld;
  before(async () => {
    world = await TestWorld.make();
    await world.run({ id: 'one', idle: true });
  });
  after(() => world[Symbol.asyncDispose]());

  const output = async (spec: ExecSpec) => {
    const session = await world.runtime.exec('one', spec);
    session.stdin.end();
    session.stderr.resume();
    return text(session.stdout);
  };

  test('can open its streams by name', async () => {
    const script = 'echo out > /dev/stdout; echo err > /dev/stderr; cat < /dev/stdin';
    const session = await world.runtime.exec('one', { command: ['sh', '-c', script] });
    session.stdin.end('in\n');
    assert.deepEqual(
      [await text(session.stdout), await text(session.stderr), await session.exited],
      ['out\nin\n', 'err\n', { exitCode: 0 }],
    );
  });

  test('may be root inside, with the capabilities of a container', async () => {
    const command = ['sh', '-c', 'id -u; id -g; grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status'];
    const asRoot = await output({ command, user: 'root' });
    assert.match(asRoot, /^0\n0\nCapEff:\t0{8}[0-9a-f]{8}\nCapBnd:\t0{8}[0-9a-f]{8}\nNoNewPrivs:\t1\n$/);
    assert.doesNotMatch(asRoot, /CapEff:\t0+\n/);
    const ordinary = await output({ command });
    assert.match(ordinary, /^[1-9]\d*\n[1-9]\d*\nCapEff:\t0+\nCapBnd:\t0+\nNoNewPrivs:\t1\n$/);
  });

  test('brings 100 MB through, whole, without piling it up', async () => {
    const session = await world.runtime.exec('one', { command: ['head', '-c', '100000000', '/dev/zero'] });
    session.stderr.resume();
    const before = process.memoryUsage.rss();
    let [bytes, most] = [0, before];
    for await (const chunk of session.stdout) {
      bytes += (chunk as Buffer).length;
      most = Math.max(most, process.memoryUsage.rss());
    }
    assert.equal(bytes, 100_000_000);
    assert.ok(most - before < 60_000_000, `${most - before} more bytes of memory`);
    assert.deepEqual(await session.exited, { exitCode: 0 });
  });

  test('leaves neither a process nor a file behind', async () => {
    await Promise.all([
      output({ command: ['true'] }),
      output({ command: ['true'], tty: { rows: 1, cols: 1 } }),
    ]);
    await assert.rejects(output({ command: ['no-such-program'] }));
    const folder = join(world.dataDir, 'oci/bundles/one/sessions');
    await eventually('no file', async () => (await readdir(folder)).length === 0 || undefined);
  });

  test('of a paused workload does not keep the server from closing', async () => {
    const first = await TestWorld.make();
    await first.run({ id: 'paused', idle: true });
    const session = await first.runtime.exec('paused', { command: ['sleep', '4321'] });
    await first.runtime.pause('paused');
    await first.close();
    assert.notEqual(session.pid, 0);
    await using next = await TestWorld.open(first.dataDir);
    await next.runtime.recover();
    await next.runtime.resume('paused');
    await eventually('its end', async () => {
      const names = await next.exec('paused', 'sh', '-c', 'cat /proc/[0-9]*/comm');
      return !names.includes('sleep') || undefined;
    });
  });

  test('can leave a terminal’s line ends to itself', async () => {
    const script = 'sleep 0.5; stty -onlcr; printf "a\\nb\\n"; stty onlcr; echo c';
    assert.equal(await output({ command: ['sh', '-c', script], tty: { rows: 9, cols: 9 } }), 'a\nb\nc\r\n');
  });
});

test('line ends are completed once, also between two pieces', () => {
  const lines = new LineEnds();
  const convert = (piece: string) => lines.convert(Buffer.from(piece)).toString();
  assert.deepEqual(['a\nb\r', '\nc', '\n\n'].map(convert), ['a\r\nb\r', '\nc', '\r\n\r\n']);
  lines.switchOff();
  assert.equal(convert('a\n'), 'a\n');
});
