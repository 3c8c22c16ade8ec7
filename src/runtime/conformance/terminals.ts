import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecProcess } from '../runtime.ts';
import { gentle } from './programs.ts';
import { eventually, isOver, node, sharedWorld } from './world.ts';

export function terminalPromises(subject: URL): void {
  describe('a further process in a terminal', () => {
    const world = sharedWorld(subject);
    let id = '';
    before(async () => {
      ({ id } = await world().runUntilUp(gentle));
    });

    test('has nothing on its standard error', async () => {
      const session = await open('sh', '-c', 'echo out; echo err >&2');
      assert.deepEqual([await text(session.stdout), await text(session.stderr)], ['out\r\nerr\r\n', '']);
    });

    const open = (...command: string[]) =>
      world().runtime.exec(id, { command, tty: { rows: 33, cols: 111 } });

    test('has it as all of its streams and as its controlling terminal, in its size', async () => {
      const script =
        'test -t 0 && test -t 1 && test -t 2 && stty size && echo "$0 $$" > /dev/tty; read line; exit 6';
      const session = await open('sh', '-c', script, 'me');
      const seen = watch(session);
      assert.equal(await seen(/me \d+\r\n/), `33 111\r\nme ${session.pid}\r\n`);
      session.stdin.write('\r');
      assert.deepEqual(await session.exited, { exitCode: 6 });
    });

    test('gets what is typed, and keys that mean signals', async () => {
      const session = await open(
        'sh',
        '-c',
        'trap "echo interrupted; exit 7" INT; read line; echo "<$line>"; read more',
      );
      const seen = watch(session);
      session.stdin.write('hello ✓\r');
      await seen('<hello ✓>');
      session.stdin.write('\x03');
      await seen('interrupted');
      assert.deepEqual(await session.exited, { exitCode: 7 });
    });

    test('is told a new size', async () => {
      const script = `
        const told = () => console.log(process.stdout.rows + 'x' + process.stdout.columns);
        process.stdout.on('resize', told);
        setInterval(() => {}, 1000);
        told();
      `;
      const session = await open(...node(script));
      const seen = watch(session);
      await seen('33x111');
      session.resize({ rows: 50, cols: 200 });
      await seen('50x200');
      session.resize({ rows: 1, cols: 65_535 });
      await seen('1x65535');
      session.kill('SIGKILL');
      assert.deepEqual(await session.exited, { exitCode: 137 });
      session.resize({ rows: 2, cols: 2 }); // comes to nothing
    });

    test('gives all of its output although it ended before anybody read', async () => {
      const lines = Array.from({ length: 300 }, (_, i) => `line ${i}\r\n`).join('');
      const session = await open('sh', '-c', 'i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done');
      await delay(400);
      assert.equal(await text(session.stdout), lines);
      assert.deepEqual(await session.exited, { exitCode: 0 });
    });

    test('waits while nobody reads, and loses nothing of a long output', async () => {
      const session = await open('seq', '1', '200000');
      await delay(300);
      const output = await text(session.stdout);
      assert.deepEqual(await session.exited, { exitCode: 0 });
      const isWhole = output === Array.from({ length: 200_000 }, (_, i) => `${i + 1}\r\n`).join('');
      assert.ok(isWhole, `${output.length} bytes, at the end: ${JSON.stringify(output.slice(-30))}`);
    });

    test('is hung up by SIGHUP, with what is in the foreground', async () => {
      const script = 'trap "echo hung up" HUP; echo up; sleep 1000; echo "sleep: $?"; exit 8';
      const session = await open('sh', '-c', script);
      const seen = watch(session);
      await seen('up');
      await eventually('its end', async () => {
        session.kill('SIGHUP');
        return Promise.race([session.exited.then(() => true), delay(200, false)]);
      });
      await seen('hung up');
      assert.deepEqual(await session.exited, { exitCode: 8 });
    });

    test('is killed with the jobs of its shell', async () => {
      const session = await open('bash', '-i');
      const seen = watch(session);
      session.stdin.write('sleep 1234 & echo "job=$!="\r');
      const job = /job=(\d+)=/.exec(await seen(/job=\d+=/))?.[1] ?? '';
      session.kill('SIGKILL');
      assert.deepEqual(await session.exited, { exitCode: 137 });
      await eventually('the end of the job', () => isOver(world(), id, job));
    });
  });
}

/** Reads its output from now on; the returned function waits until there is something in it, and tells all of it. */
function watch(session: ExecProcess): (what: string | RegExp) => Promise<string> {
  let output = '';
  session.stdout.on('data', chunk => {
    output += chunk;
  });
  session.stderr.resume();
  return what =>
    eventually(`${what} in the output`, () => {
      const isThere = typeof what === 'string' ? output.includes(what) : what.test(output);
      return isThere && output;
    });
}
