import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime } from '../support/index.ts';
import { assertRefused, TestSprite } from './support.ts';

const echo = `const s=require('net').createServer(c=>c.pipe(c)).listen(0,'127.0.0.1',()=>console.log(s.address().port))`;

forEachRuntime('ports of a sprite', {}, world => {
  test('bytes go both ways to a program on the loopback inside', async () => {
    const { sprite, port } = await echoing();
    const socket = await sprite.socket('/proxy');
    socket.socket.send(JSON.stringify({ host: 'localhost', port }));
    await socket.until('the answer', () => socket.texts.length > 0);
    assert.deepEqual(socket.texts, [{ status: 'connected', target: `127.0.0.1:${port}` }]);
    const sent = Buffer.alloc(3_000_000, 'abcdefghij');
    for (let at = 0; at < sent.length; at += 100_000) socket.socket.send(sent.subarray(at, at + 100_000));
    await socket.until('the echo', () => socket.output().length === sent.length);
    assert.ok(Buffer.from(socket.output()).equals(sent));
    socket.socket.close();
    assert.equal(await socket.closed, 1005);
  });

  test('what is sent before the answer arrives, and the end of the program closes with 1000', async () => {
    const { sprite, port, end } = await echoing();
    const socket = await sprite.socket('/proxy');
    socket.socket.send(JSON.stringify({ port }));
    for (const word of ['one ', 'two ', 'three']) socket.socket.send(word);
    await socket.until('the echo', () => socket.output() === 'one two three');
    assert.deepEqual(socket.texts, [{ status: 'connected', target: `127.0.0.1:${port}` }]);
    const said = await hello(sprite);
    const other = await sprite.socket('/proxy');
    other.socket.send(JSON.stringify({ host: '127.0.0.1', port: said }));
    assert.equal(await other.closed, 1000);
    assert.equal(other.output(), 'hello');
    end();
    await socket.closed;
  });

  test('what can not be connected to is told', async () => {
    const sprite = await TestSprite.create(world);
    assertRefused(await sprite.api('/proxy'), 426, 'upgrade required');
    assertRefused(await sprite.api('/ports/watch'), 426, 'upgrade required');
    for (const [start, code] of [
      ['nonsense', 4400],
      ['{}', 4400],
      ['{"host":"localhost","port":0}', 4400],
      ['{"host":"localhost","port":"80"}', 4400],
      ['{"host":"localhost","port":1}', 4502],
      ['{"host":"no-such-name.invalid","port":80}', 4502],
    ] as const) {
      const socket = await sprite.socket('/proxy');
      socket.socket.send(start);
      assert.equal(await socket.closed, code, start);
      assert.equal(socket.texts[0]?.status, 'error');
      assert.match(String(socket.texts[0]?.error), /\w/);
    }
  });

  test('ports are listed, and told as they come and go', async () => {
    const { sprite, port, end } = await echoing();
    const watch = await sprite.socket('/ports/watch');
    await watch.until('the list', () => watch.texts.length > 0);
    const [list] = watch.texts as { type: string; ports: Record<string, unknown>[] }[];
    assert.equal(list?.type, 'port_list');
    const entry = list?.ports.find(each => each.port === port);
    assert.deepEqual([entry?.type, entry?.address], ['port_opened', '127.0.0.1']);
    assert.equal(typeof entry?.pid, 'number');
    end();
    const isIt = (type: string, which: number) => () =>
      watch.texts.some(text => text.type === type && text.port === which);
    await watch.until('the end', isIt('port_closed', port));
    const again = await echoing(sprite);
    await watch.until('the other', isIt('port_opened', again.port));
    again.end();
    watch.socket.close();
  });

  test('a command is told the ports of its own processes, and of no others', async () => {
    const { sprite, port: others, end } = await echoing();
    const script = `const c=require('child_process').spawn(process.execPath,['-e',process.argv[1]],{stdio:'inherit'});
      process.stdin.on('data',()=>c.kill('SIGKILL'))`;
    const socket = await sprite.socket(`/exec?${query('node', '-e', script, echo)}&stdin=true`);
    await socket.until('the port', () => socket.texts.some(({ type }) => type === 'port_opened'));
    const opened = socket.texts.find(({ type }) => type === 'port_opened');
    await socket.until('its number', () => /\d\n/.test(socket.output(1)));
    const port = Number(socket.output(1));
    assert.deepEqual(opened, { type: 'port_opened', port, address: '127.0.0.1', pid: opened?.pid });
    assert.equal(typeof opened?.pid, 'number');

    const { session_id: id } = socket.texts[0] as { session_id: string };
    const later = await sprite.socket(`/exec/${id}`);
    await later.until('the port', () => later.texts.some(({ type }) => type === 'port_opened'));
    end();
    socket.socket.send(Buffer.of(0, 10));
    for (const each of [socket, later]) {
      await each.until('the end', () => each.texts.some(({ type }) => type === 'port_closed'));
      const news = each.texts.filter(({ type }) => String(type).startsWith('port_'));
      assert.deepEqual(news, [opened, { ...opened, type: 'port_closed' }]);
    }
    assert.notEqual(port, others);
    socket.socket.send('{"type":"signal","signal":"KILL"}');
    await Promise.all([socket.closed, later.closed]);
  });

  /** A program that greets who connects, and leaves. */
  async function hello(sprite: TestSprite): Promise<number> {
    const script = `const s=require('net').createServer(c=>c.end('hello')).listen(0,'127.0.0.1',()=>console.log(s.address().port))`;
    const socket = await sprite.socket(`/exec?${query('node', '-e', script)}`);
    await socket.until('its port', () => /\d\n/.test(socket.output(1)));
    return Number(socket.output(1));
  }

  async function echoing(known?: TestSprite): Promise<{ sprite: TestSprite; port: number; end: () => void }> {
    const sprite = known ?? (await TestSprite.create(world));
    const socket = await sprite.socket(`/exec?${query('node', '-e', echo)}`);
    await socket.until('its port', () => /\d\n/.test(socket.output(1)));
    const end = (): void => socket.socket.send('{"type":"signal","signal":"KILL"}');
    return { sprite, port: Number(socket.output(1)), end };
  }
});

function query(...command: string[]): string {
  return new URLSearchParams(command.map((each): [string, string] => ['cmd', each])).toString();
}
