import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecProcess, ExecSpec, RuntimeError, StartErrorReason } from '../runtime.ts';
import { gentle } from './programs.ts';
import { eventually, isOver, isRuntimeError, node, sharedWorld } from './world.ts';

export function execPromises(subject: URL): void {
  describe('a further process in a workload', () => {
    const world = sharedWorld(subject);
    let id = '';
    before(async () => {
      const env = { COLOR: 'green', SIZE: 'small' };
      ({ id } = await world().runUntilUp(gentle, { env }));
    });

    test('gets input, and gives output and its exit code', async () => {
      const script = `
        process.stdin.on('end', () => { console.error('done'); process.exitCode = 5; }).pipe(process.stdout);
      `;
      const session = await world().runtime.exec(id, { command: node(script) });
      session.stdin.end('hello ✓');
      const [stdout, stderr, { exitCode }] = await Promise.all([
        text(session.stdout),
        text(session.stderr),
        session.exited,
      ]);
      assert.deepEqual({ stdout, stderr, exitCode }, { stdout: 'hello ✓', stderr: 'done\n', exitCode: 5 });
    });

    test('gives all of a long output', async () => {
      const session = await world().runtime.exec(id, {
        command: node("process.stdout.write('x'.repeat(1e6))"),
      });
      session.stdin.end();
      session.stderr.resume();
      assert.equal((await text(session.stdout)).length, 1e6);
      assert.deepEqual(await session.exited, { exitCode: 0 });
    });

    test('has the environment of the workload, and its own over it', async () => {
      const script = 'console.log(process.env.COLOR, process.env.SIZE, process.cwd())';
      const spec = { command: node(script), env: { SIZE: 'large' }, workingDirectory: '/usr' };
      const session = await world().runtime.exec(id, spec);
      assert.equal(await outputOf(session), 'green large /usr\n');
    });

    test('can be killed', async () => {
      const session = await world().runtime.exec(id, {
        command: node("console.log('up'); setInterval(() => {}, 1000)"),
      });
      session.stderr.resume();
      for await (const _ of session.stdout) session.kill('SIGKILL');
      assert.deepEqual(await session.exited, { exitCode: 137 });
    });

    test('does not end the workload', async () => {
      const session = await world().runtime.exec(id, { command: ['true'] });
      await outputOf(session);
      assert.equal(world().exits.has(id), false);
    });

    test('ends with the workload', async () => {
      const other = await world().runUntilUp(gentle);
      const session = await world().runtime.exec(other.id, { command: node('setInterval(() => {}, 1000)') });
      const output = outputOf(session);
      await world().runtime.stop(other.id, { hard: true });
      assert.notEqual((await session.exited).exitCode, 0);
      await output;
    });

    test('tells its number as it is seen inside', async () => {
      const session = await world().runtime.exec(id, { command: ['sh', '-c', 'echo $$; cat'] });
      assert.equal((await outputOf(session)).trim(), String(session.pid));
    });

    test('may have an environment that replaces all others', async () => {
      const env = { PATH: '/usr/bin:/bin', OWN: 'value' };
      const spec = { command: ['sh', '-c', 'echo "$OWN $COLOR"'], env, replaceEnv: true };
      assert.equal(await outputOf(await world().runtime.exec(id, spec)), 'value \n');
    });

    for (const { what, reason, ...spec } of failures) {
      test(`that can't be started says so: ${what}`, async () => {
        const started = world().runtime.exec(id, { command: ['true'], ...spec });
        await assert.rejects(started, (error: RuntimeError) => {
          assert.equal(error.code, 'start-error');
          return error.reason === reason;
        });
        const inTerminal = world().runtime.exec(id, {
          command: ['true'],
          ...spec,
          tty: { rows: 24, cols: 80 },
        });
        await assert.rejects(inTerminal, (error: RuntimeError) => error.reason === reason);
      });
    }

    test('loses nothing of its output, however short it lives', async () => {
      const outputs = Array.from({ length: 40 }, async (_, i) => {
        const session = await world().runtime.exec(id, { command: ['echo', String(i)] });
        return outputOf(session);
      });
      assert.deepEqual(
        await Promise.all(outputs),
        Array.from({ length: 40 }, (_, i) => `${i}\n`),
      );
    });

    test('keeps its output for a reader that comes late', async () => {
      const session = await world().runtime.exec(id, { command: ['sh', '-c', 'echo out; echo err >&2'] });
      // Long enough for most runs to end; its end is told when its output was taken.
      assert.equal(await Promise.race([session.exited, delay(300, 'late')]), 'late');
      assert.deepEqual([await text(session.stdout), await text(session.stderr)], ['out\n', 'err\n']);
      assert.deepEqual(await session.exited, { exitCode: 0 });
    });

    test('waits while nobody reads', async () => {
      const command = ['sh', '-c', 'head -c 5000000 /dev/zero; echo done >&2'];
      const session = await world().runtime.exec(id, { command });
      let said = '';
      session.stderr.on('data', chunk => {
        said += chunk;
      });
      await delay(300);
      assert.equal(said, '');
      let bytes = 0;
      for await (const chunk of session.stdout) bytes += (chunk as Buffer).length;
      assert.equal(bytes, 5_000_000);
      assert.deepEqual(await session.exited, { exitCode: 0 });
      assert.equal(said, 'done\n');
    });

    test('is over when its program is, and what it left in the background lives on', async () => {
      const session = await world().runtime.exec(id, {
        command: ['sh', '-c', 'sleep 1000 & echo $!; exit 3'],
      });
      const child = await outputOf(session);
      assert.deepEqual(await session.exited, { exitCode: 3 });
      const look = await world().runtime.exec(id, { command: ['kill', child.trim()] });
      await outputOf(look);
      assert.deepEqual(await look.exited, { exitCode: 0 });
    });

    test('is signalled with its children', async () => {
      const script = `
        process.on('SIGTERM', () => {});
        const child = require('child_process').spawn('sleep', ['1000']);
        child.on('spawn', () => console.log('up'));
        child.on('exit', (_, signal) => { console.log(signal); process.exitCode = 4; });
      `;
      const session = await world().runtime.exec(id, { command: node(script) });
      session.stderr.resume();
      let said = '';
      for await (const chunk of session.stdout) {
        if (said === '') session.kill('SIGTERM');
        said += chunk;
      }
      assert.equal(said, 'up\nSIGTERM\n');
      assert.deepEqual(await session.exited, { exitCode: 4 });
      session.kill('SIGTERM'); // comes to nothing
    });

    test('is killed with jobs that have groups of their own', async () => {
      const session = await world().runtime.exec(id, {
        command: ['bash', '-mc', 'sleep 1000 & echo $!; wait'],
      });
      session.stderr.resume();
      let job = '';
      for await (const chunk of session.stdout) {
        job += chunk;
        session.kill('SIGKILL');
      }
      assert.deepEqual(await session.exited, { exitCode: 137 });
      await eventually('the end of the job', () => isOver(world(), id, job.trim()));
    });

    test('needs a workload that runs', async () => {
      const unknown = world().runtime.exec('unknown', { command: ['true'] });
      await assert.rejects(unknown, isRuntimeError('not-found'));
      const ended = await world().run({ command: ['true'] });
      await world().exit(ended.id);
      await assert.rejects(
        world().runtime.exec(ended.id, { command: ['true'] }),
        isRuntimeError('not-found'),
      );
    });
  });
}

const failures: readonly (Partial<ExecSpec> & {
  readonly what: string;
  readonly reason: StartErrorReason;
})[] = [
  { what: 'no such program', reason: 'not-found', command: ['no-such-program'] },
  { what: 'no such file', reason: 'not-found', command: ['/no/such/program'] },
  { what: 'not a program', reason: 'not-executable', command: ['/etc/passwd'] },
  { what: 'a folder', reason: 'not-executable', command: ['/usr'] },
  { what: 'no such directory', reason: 'bad-directory', workingDirectory: '/no/such/directory' },
  { what: 'a relative directory', reason: 'bad-directory', workingDirectory: 'usr' },
];

async function outputOf(session: ExecProcess): Promise<string> {
  session.stdin.end();
  session.stderr.resume();
  const [output] = await Promise.all([text(session.stdout), session.exited]);
  return output;
}
