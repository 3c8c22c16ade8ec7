import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultServiceLogLimits } from './limits.ts';
import { liveOutput } from './live-output.ts';
import type { Output } from './output-joiner.ts';
import { logWorld } from './testing/log-world.ts';

const limits = defaultServiceLogLimits.joining;
const exact = ({ text, endsLine }: Output) => text + (endsLine ? '\n' : '');

/** Collects what comes until the output has ended. */
function collect(output: AsyncIterable<readonly Output[]>) {
  const seen: string[] = [];
  let wake = (): void => {};
  const done = (async () => {
    for await (const parts of output) {
      seen.push(...parts.map(exact));
      wake();
    }
  })();
  const reaches = async (count: number): Promise<string[]> => {
    while (seen.length < count) {
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
    return seen.slice(0, count);
  };
  return { seen, done, reaches };
}

describe('live output', () => {
  test('has the exact bytes of a process, from its beginning to its end', async t => {
    const world = await logWorld(t);
    await world.write('of the last process\n');
    const after = await world.logs.end('a');
    const end = Promise.withResolvers<number>();
    const live = collect(
      liveOutput(world.logs, 'a', { after, end: end.promise, limits, signal: world.signal }),
    );
    await world.write('hi\n');
    await world.write('bad\n', 'stderr');
    assert.deepEqual((await live.reaches(2)).sort(), ['bad\n', 'hi\n']);
    await world.write('name: ');
    assert.equal((await live.reaches(3))[2], 'name: ');
    await world.write('\nlast');
    end.resolve(await world.logs.end('a'));
    await world.write(' of the next process\n');
    await live.done;
    assert.deepEqual(live.seen.slice(2), ['name: ', '\n', 'last']);
  });

  test('has a long line in parts that are the same together', async t => {
    const world = await logWorld(t);
    await world.write(`${'x'.repeat(200_000)}\n`);
    const end = Promise.resolve(await world.logs.end('a'));
    const live = collect(liveOutput(world.logs, 'a', { after: 0, end, limits, signal: world.signal }));
    await live.done;
    assert.equal(live.seen.join(''), `${'x'.repeat(200_000)}\n`);
    assert.ok(live.seen.length > 3);
    for (const text of live.seen) assert.ok(Buffer.byteLength(JSON.stringify(text)) <= 59_900);
  });

  test('gives on what was read when its time is over', async t => {
    const world = await logWorld(t);
    await world.write('one\nunfinished');
    const stop = new AbortController();
    const never = new Promise<number>(() => {});
    const long = { ...limits, silenceMs: 60_000 };
    const live = collect(
      liveOutput(world.logs, 'a', { after: 0, end: never, limits: long, signal: stop.signal }),
    );
    await live.reaches(1);
    stop.abort();
    await live.done;
    assert.deepEqual(live.seen, ['one\n', 'unfinished']);
  });
});
