import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import type { ExecProcess } from '../runtime.ts';
import { gentle } from './programs.ts';
import { isRuntimeError, node, sharedWorld } from './world.ts';

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

async function outputOf(session: ExecProcess): Promise<string> {
  session.stdin.end();
  session.stderr.resume();
  const [output] = await Promise.all([text(session.stdout), session.exited]);
  return output;
}
