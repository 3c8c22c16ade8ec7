import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime } from '../support/index.ts';
import { assertRefused, type TestSocket, TestSprite } from './support.ts';

const home = '/home/sprite';

forEachRuntime('files of a sprite are watched', {}, world => {
  test('what appears, changes, moves and goes is told once', async () => {
    const { sprite, socket } = await watching({ paths: [home] });
    await sprite.run('sh', '-c', 'echo a > f');
    await told(socket, ['create', 'f']);
    await sprite.run('sh', '-c', 'echo more >> f');
    await told(socket, ['write', 'f']);
    await sprite.run('chmod', '600', 'f');
    await told(socket, ['chmod', 'f']);
    await sprite.run('mv', 'f', 'g');
    await told(socket, ['rename', 'f']);
    await sprite.run('rm', 'g');
    await told(socket, ['remove', 'g']);
    // A file that is written from outside appears as a whole, under its name alone.
    await sprite.api(`/fs/write?path=${home}/h`, { method: 'PUT', body: '12345' });
    await told(socket, ['create', 'h']);
    const names = socket.texts
      .slice(1)
      .map(({ event, path }) => `${String(event)} ${String(path).slice(home.length)}`);
    assert.deepEqual(names.sort(), [
      'chmod /f',
      'create /f',
      'create /g',
      'create /h',
      'remove /g',
      'rename /f',
      'write /f',
    ]);
    const last = socket.texts.find(({ path }) => path === `${home}/h`);
    assert.deepEqual([last?.type, last?.size, last?.isDir], ['event', 5, false]);
    assert.match(String(last?.timestamp), /^\d{4}-.*Z$/);
  });

  test('folders below are watched when it is asked for, new ones too', async () => {
    const { sprite, socket } = await watching({ paths: ['.'], workingDir: home, recursive: true });
    await sprite.run('sh', '-c', 'mkdir -p a/b; echo x > a/b/c');
    await told(socket, ['create', 'a/b/c']);
    await sprite.run('sh', '-c', 'echo y >> a/b/c');
    await told(socket, ['write', 'a/b/c']);
    await sprite.run('rm', '-r', 'a');
    await told(socket, ['remove', 'a']);
    await sprite.run('sh', '-c', 'mkdir a; echo x > a/new');
    await told(socket, ['create', 'a/new']);
  });

  test('a single file is watched, and nothing beside it', async () => {
    const { sprite, socket } = await watching(
      { paths: [`${home}/.profile-of-mine`] },
      'echo > .profile-of-mine',
    );
    await sprite.run('sh', '-c', 'echo > other; echo more > .profile-of-mine');
    await told(socket, ['write', '.profile-of-mine']);
    assert.ok(!socket.texts.some(({ path }) => path === `${home}/other`));
  });

  test('nothing of the machine is watched through links', async () => {
    const { sprite, socket } = await watching({ paths: [home], recursive: true }, 'ln -s /proc/1 out');
    await sprite.run('sh', '-c', 'ln -s / all; echo > last');
    await told(socket, ['create', 'last']);
    assert.ok(socket.texts.every(({ path = home }) => String(path).startsWith(home)));
    assert.ok(!socket.texts.some(({ path }) => /\/(out|all)\//.test(String(path))));
  });

  test('a watch ends when its sprite stops, which then boots as ever', async () => {
    const { sprite, socket } = await watching({ paths: ['/'], recursive: true });
    assert.equal((await sprite.api('/restart', { method: 'POST' })).status, 200);
    assert.equal(await socket.closed, 1011);
    assert.equal((await sprite.run('echo', 'there')).stdout, 'there\n');
  });

  test('what can not be watched is told', async () => {
    const sprite = await TestSprite.create(world);
    assertRefused(await sprite.api('/fs/watch'), 426, 'upgrade required');
    for (const [start, message] of [
      ['nonsense', /first message/],
      ['[]', /first message/],
      ['{"type":"subscribe"}', /first message/],
      ['{"type":"subscribe","paths":[]}', /first message/],
      ['{"type":"subscribe","paths":[1]}', /first message/],
      ['{"type":"other","paths":["/"]}', /first message/],
      ['{"type":"subscribe","paths":["/none"]}', /no such file or directory: \/none/],
      ['{"type":"subscribe","paths":["/a\\u0000b"]}', /invalid argument/],
    ] as const) {
      const socket = await sprite.socket('/fs/watch');
      socket.socket.send(start);
      assert.equal(await socket.closed, 4400, start);
      assert.equal(socket.texts[0]?.type, 'error');
      assert.match(String(socket.texts[0]?.message), message);
    }
  });

  async function watching(
    request: object,
    before?: string,
  ): Promise<{ sprite: TestSprite; socket: TestSocket }> {
    const sprite = await TestSprite.create(world);
    if (before !== undefined) await sprite.run('sh', '-c', before);
    const socket = await sprite.socket('/fs/watch');
    socket.socket.send(JSON.stringify({ type: 'subscribe', ...request }));
    await socket.until('the subscription', () => socket.texts.length > 0);
    assert.equal(socket.texts[0]?.type, 'subscribed', JSON.stringify(socket.texts));
    return { sprite, socket };
  }

  function told(socket: TestSocket, [event, name]: [string, string]): Promise<void> {
    const isIt = (text: Record<string, unknown>): boolean =>
      text.event === event && text.path === `${home}/${name}`;
    return socket.until(`${event} of ${name}`, () => socket.texts.some(isIt));
  }
});
