import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, forEachRuntime, type World } from '../support/index.ts';
import { outputOf, TestServices, typesOf } from './services-support.ts';
import { assertRefused, TestSprite } from './support.ts';

const settings = { 'sprites.log_max_bytes': 65_536, 'sprites.log_files': 10 };

forEachRuntime('logs of services', { settings }, world => {
  test('the last lines are read, in order', async () => {
    const services = await make(world);
    await services.sh('web', 'seq 1000; sleep 600', {}, 'duration=1s');
    await eventually('all lines', async () => (await services.logs('web')).length === 1001);
    const expected = Array.from({ length: 10 }, (_, i) => `${991 + i}\n`);
    const lines = await services.logs('web', 'lines=10');
    assert.deepEqual(
      lines.slice(0, -1).map(({ data }) => data),
      expected,
    );
    assert.deepEqual(typesOf(await services.logs('web', 'lines=0')), ['complete']);
    assert.equal((await services.logs('web', 'lines=100000')).length, 1001);
  });

  test('are followed over rotations, with no line missing or doubled', async () => {
    const services = await make(world);
    // Some hundred kilobytes: several files.
    const script = 'i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo "line $i"; done; echo last; sleep 600';
    await services.sh('web', script);
    const lines = await services.logs('web', 'lines=10&duration=6s');
    const numbers = outputOf(lines)
      .split('\n')
      .flatMap(text => (text.startsWith('line ') ? [Number(text.slice(5))] : []));
    const [first = 0] = numbers;
    assert.ok(numbers.length > 0);
    assert.deepEqual(
      numbers,
      Array.from({ length: 6_000 - first + 1 }, (_, i) => first + i),
    );
  });

  test('the ends of processes are told while they are followed, after their last line', async () => {
    const services = await make(world);
    await services.sh('web', 'echo "up $$"; sleep 1; echo end; exit 4');
    const lines = await services.logs('web', 'lines=0&duration=4s');
    const told = lines.flatMap(({ type, data, exit_code: code }) =>
      type === 'exit' ? [`exit ${code}`] : data?.startsWith('end') ? ['end'] : [],
    );
    assert.ok(told.length >= 2, JSON.stringify(lines));
    for (const [i, text] of told.entries()) assert.equal(text, i % 2 === 0 ? 'end' : 'exit 4');
  });

  test('long lines come in pieces that make up the same', async () => {
    const services = await make(world);
    const script = "head -c 200000 /dev/zero | tr '\\0' x; echo; sleep 600";
    const plain = await services.sh('plain', script, {}, 'duration=2s');
    assert.equal(outputOf(plain), `${'x'.repeat(200_000)}\n`);
    assert.ok(typesOf(plain).filter(type => type === 'stdout').length >= 4);
    const odd = "head -c 30000 /dev/zero | tr '\\0' '\\001'; echo; sleep 600";
    assert.equal(outputOf(await services.sh('odd', odd, {}, 'duration=2s')), `${'\u0001'.repeat(30_000)}\n`);
    const bytes = "printf 'a\\377\\303\\250\\n'; printf '\\303'; sleep 0.1; printf '\\251'; sleep 600";
    assert.equal(outputOf(await services.sh('bytes', bytes, {}, 'duration=2s')), 'a\ufffd\u00e8\n\u00e9');
  });

  if (world.runtime === 'oci') standInAFile(world);

  test('bad numbers and durations are refused', async () => {
    const services = await make(world);
    await services.put('web', { cmd: 'sleep', args: ['600'] });
    const refuse = async (method: string, path: string, error: string) =>
      assertRefused(await services.sprite.api(`/services/web${path}`, { method }), 400, error);
    for (const lines of ['-1', '1.5', 'all', '', '1e3'])
      await refuse('GET', `/logs?lines=${lines}`, 'invalid lines');
    for (const text of ['-1s', 'soon', '', '5%20s', '1s&duration=2s']) {
      await refuse('GET', `/logs?duration=${text}`, 'invalid duration');
      await refuse('POST', `/start?duration=${text}`, 'invalid duration');
      await refuse('POST', `/restart?duration=${text}`, 'invalid duration');
    }
    await refuse('POST', '/stop?timeout=-1s', 'invalid duration');
    await refuse('POST', '/restart?timeout=x', 'invalid duration');
    for (const text of ['0', '0.2s', '10ms', '1', '1s0ms', '100us']) {
      const answer = await services.sprite.api(`/services/web/start?duration=${text}`, { method: 'POST' });
      assert.equal(answer.status, 200, text);
    }
  });
});

async function make(world: World): Promise<TestServices> {
  return new TestServices(await TestSprite.create(world));
}

/** A program of the machine itself sees no files that are put into a sprite. */
function standInAFile(world: World): void {
  test('stand in a file inside the sprite, which stays when the service goes', async () => {
    const services = await make(world);
    const file = '/.sprite/logs/services/web.log';
    await services.sh('web', 'echo one; sleep 600', {}, 'duration=500ms');
    const read = async () => (await services.sprite.run('cat', file)).stdout;
    await eventually('the line', async () => (await read()) !== '');
    assert.match(await read(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[stdout\] one\n$/);
    assert.notEqual((await services.sprite.run('sh', '-c', `echo x > ${file}`)).exitCode, 0);
    assert.notEqual((await services.sprite.run('rm', file)).exitCode, 0);
    await services.sprite.api('/services/web', { method: 'DELETE' });
    assert.match(await read(), /one\n$/);
    await services.sh('web', 'echo two; sleep 600', {}, 'duration=500ms');
    await eventually('the new line', async () => /one\n.*two\n$/.test(await read()));
  });
}
