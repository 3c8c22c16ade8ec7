import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cannotRun, eventually, TestWorld } from './test-world.ts';

/** The first process of a container gets no signal that it has no handler for: see `main-process.ts`. */
describe('a soft stop of an oci workload', { skip: cannotRun }, () => {
  let world: TestWorld;
  before(async () => {
    world = await TestWorld.make();
  });
  after(() => world[Symbol.asyncDispose]());

  const soft = { hard: false, signal: 'SIGTERM', timeoutMs: 8_000 } as const;

  async function stopped(id: string, command: readonly string[]): Promise<number | undefined> {
    await world.run({ id, command });
    await eventually('its word', async () => (await world.lines(id)).includes('up') || undefined);
    await world.runtime.stop(id, soft);
    const { exitCode } = await world.exit(id);
    await world.runtime.remove(id);
    return exitCode;
  }

  test('ends a program without a handler, with the code of the signal', async () => {
    assert.equal(await stopped('plain', ['sh', '-c', 'echo up; exec sleep 100']), 143);
  });

  test('ends a program that has signals blocked for a moment again and again', async () => {
    const busy = 'echo up; while true; do /bin/true; done';
    for (let round = 0; round < 5; round++)
      assert.equal(await stopped(`busy${round}`, ['sh', '-c', busy]), 143);
  });

  test('lets a program that waits for the signal, blocked, end in its own way', async () => {
    const waiting = [
      'use POSIX qw(:signal_h sigprocmask);',
      '$| = 1;',
      'my $set = POSIX::SigSet->new(SIGTERM);',
      'sigprocmask(SIG_BLOCK, $set);',
      'print "up\\n";',
      'my $pending = POSIX::SigSet->new;',
      'do { select(undef, undef, undef, 0.01); POSIX::sigpending($pending) } until $pending->ismember(SIGTERM);',
      'exit 9;',
    ];
    assert.equal(await stopped('waiting', ['perl', '-e', waiting.join(' ')]), 9);
  });

  test('leaves a program that ignores the signal alone until its time is up', async () => {
    await world.run({
      id: 'deaf',
      command: ['sh', '-c', "trap '' TERM; echo up; while true; do sleep 1; done"],
    });
    await eventually('its word', async () => (await world.lines('deaf')).includes('up') || undefined);
    await world.runtime.stop('deaf', { ...soft, timeoutMs: 300 });
    assert.equal((await world.exit('deaf')).exitCode, 137);
    await world.runtime.remove('deaf');
  });
});
