import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, forEachRuntime } from '../support/index.ts';
import { assertRefused, TestSprite } from './support.ts';

forEachRuntime('commands in a sprite', { settings: { 'sprites.keepalive': '1s' } }, world => {
  test('output, exit code and order of the end are told over a WebSocket', async () => {
    const sprite = await TestSprite.create(world);
    const socket = await sprite.socket(
      '/exec?cmd=sh&cmd=-c&cmd=echo%20hi;echo%20bad%20%3E%262;exit%207&stdin=true',
    );
    assert.equal(await socket.closed, 1000);
    const [info] = socket.messages;
    assert.equal((info as Record<string, unknown>).type, 'session_info');
    assert.deepEqual([socket.output(1), socket.output(2)], ['hi\n', 'bad\n']);
    assert.deepEqual(socket.messages.slice(-2), [Buffer.of(3, 7), { type: 'exit', exit_code: 7 }]);
  });

  test('many fast commands lose nothing', async () => {
    const sprite = await TestSprite.create(world);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => sprite.run('echo', `number ${n}`)),
    );
    assert.deepEqual(
      results.map(({ stdout, exitCode }) => [stdout, exitCode]),
      results.map((_, n) => [`number ${n}\n`, 0]),
    );
  });

  test('input goes to the command until its end', async () => {
    const sprite = await TestSprite.create(world);
    const socket = await sprite.socket('/exec?cmd=cat&stdin=true');
    socket.socket.send(Buffer.concat([Buffer.of(0), Buffer.from('hel')]));
    socket.socket.send(Buffer.concat([Buffer.of(0), Buffer.from('lo')]));
    await socket.until('the echo', () => socket.output(1) === 'hello');
    socket.socket.send(Buffer.of(4));
    assert.equal(await socket.closed, 1000);
    const answer = await sprite.api('/exec?cmd=wc&cmd=-c&stdin=true', {
      method: 'POST',
      body: 'x'.repeat(100_000),
    });
    assert.deepEqual(answer.bytes, Buffer.from('\x01100000\n\x03\x00'));
  });

  test('a command that is not there ends with 127, one that is no program with 126', async () => {
    const sprite = await TestSprite.create(world);
    const missing = await sprite.run('no-such-program');
    assert.equal(missing.exitCode, 127);
    assert.match(missing.stderr, /no-such-program/);
    await sprite.run('sh', '-c', 'echo > plain');
    assert.equal((await sprite.run('./plain')).exitCode, 126);
    const nowhere = await sprite.api('/exec?cmd=pwd&dir=/no/such', { method: 'POST' });
    assert.equal(nowhere.bytes.at(-1), 127);
  });

  test('signals and death by them', async () => {
    const sprite = await TestSprite.create(world);
    const socket = await sprite.socket('/exec?cmd=sleep&cmd=60');
    await socket.until('the session', () => socket.texts.length > 0);
    socket.socket.send('not json');
    socket.socket.send('{"type":"unknown"}');
    socket.socket.send('{"type":"signal","signal":"KILL"}');
    await socket.closed;
    assert.equal(socket.texts.at(-1)?.exit_code, 137);
  });

  test('silence is filled with keep-alives', async () => {
    const sprite = await TestSprite.create(world);
    const socket = await sprite.socket('/exec?cmd=sleep&cmd=5');
    assert.equal(await socket.closed, 1000);
    assert.ok(socket.texts.filter(({ type }) => type === 'keepalive').length >= 2);
  });

  test('a session is listed, attached to with its output so far, and killed', async () => {
    const sprite = await TestSprite.create(world);
    const first = await sprite.socket(
      '/exec?cmd=sh&cmd=-c&cmd=echo%20one;cat&stdin=true&max_run_after_disconnect=0',
    );
    await first.until('output', () => first.output(1) === 'one\n');
    const id = String(first.texts[0]?.session_id);
    first.socket.close();
    await eventually('nobody attached', async () => {
      const { sessions } = (await sprite.api('/exec')).ok<{
        sessions: { id: string; is_active: boolean }[];
      }>();
      return sessions.some(session => session.id === id && !session.is_active);
    });
    const second = await sprite.socket(`/exec/${id}`);
    await second.until('the output before', () => second.output(1) === 'one\n');
    second.socket.send(Buffer.concat([Buffer.of(0), Buffer.from('two\n')]));
    await second.until('the output now', () => second.output(1) === 'one\ntwo\n');
    const killed = await sprite.api(`/exec/${id}/kill`, { method: 'POST' });
    const types = killed.text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).type);
    assert.deepEqual(types, ['signal', 'exited', 'complete']);
    await second.closed;
    assertRefused(await sprite.api(`/exec/${id}/kill`, { method: 'POST' }), 410, 'gone');
    assertRefused(await sprite.api('/exec/unknown/kill', { method: 'POST' }), 404, 'session not found');
    assert.equal((await sprite.api('/exec')).ok().count, 0);
  });

  test('what can not be run is refused', async () => {
    const sprite = await TestSprite.create(world);
    assertRefused(await sprite.api('/exec', { method: 'POST' }), 400, 'cmd is required');
    assertRefused(await sprite.api('/exec?cmd=ls'), 426, 'upgrade required');
    assertRefused(await sprite.api('/exec?cmd=ls&tty=true', { method: 'POST' }), 400, 'invalid request');
    assertRefused(await sprite.api('/exec?cmd=ls&env=x', { method: 'POST' }), 400, 'invalid env');
    assertRefused(await sprite.api('/exec?cmd=ls&tty=maybe', { method: 'POST' }), 400, 'invalid request');
    assertRefused(await sprite.api('/control'), 404, 'not found');
    const bad = await sprite.api('/exec/x/kill?signal=NOPE', { method: 'POST' });
    assertRefused(bad, 400, 'invalid signal');
  });
});
