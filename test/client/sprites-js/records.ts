import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/index.ts';
import { first } from './sdk.ts';
import type { SdkUser } from './user.ts';

export function recordCases(user: SdkUser): void {
  test('a sprite is made with what it is given, described, changed and deleted', async () => {
    const client = user.client();
    const name = user.newName();
    const made = await client.createSprite(name, {
      config: { ramMB: 256, cpus: 1, region: 'ams' },
      environment: { GREETING: 'hello' },
      labels: ['one', 'two'],
      urlSettings: { auth: 'sprite', privateAccess: 'admins' },
    });
    const got = await client.getSprite(name);
    for (const sprite of [made, got]) {
      assert.equal(sprite.name, name);
      assert.match(sprite.id, /^sprite-[0-9a-f-]{36}$/);
      assert.equal(sprite.status, 'running');
      assert.equal(sprite.organizationName, 'admin');
      assert.deepEqual(sprite.config?.ramMB, 256);
      assert.deepEqual([...sprite.labels], ['one', 'two']);
      assert.deepEqual(sprite.environment, { GREETING: 'hello' });
      assert.deepEqual(sprite.urlSettings, { auth: 'sprite', privateAccess: 'admins' });
      assert.match(sprite.version, /^v/);
      assert.ok(sprite.createdAt.getTime() > 0);
      assert.match(sprite.url, new RegExp(`^http://${name}-`));
    }
    assert.equal((await made.execFile('printenv', ['GREETING'])).stdout, 'hello\n');
    await made.updateURLSettings({ auth: 'public' });
    assert.equal((await client.getSprite(name)).urlSettings.auth, 'public');
    const changed = await made.update({ labels: ['three'] });
    assert.deepEqual([[...changed.labels], changed.urlSettings.auth], [['three'], 'public']);
    await made.upgrade();
    await made.delete();
    await assert.rejects(client.getSprite(name), { statusCode: 404, errorCode: 'sprite not found' });
  });

  test('all sprites are listed, page by page', async () => {
    const client = user.client();
    const prefix = `${user.newName()}-p`;
    const names = [1, 2, 3].map(n => `${prefix}${n}`);
    for (const name of names) await client.createSprite(name);
    const page = await client.listSprites({ prefix, maxResults: 2 });
    assert.deepEqual(
      page.sprites.map(({ name }) => name),
      names.slice(0, 2),
    );
    assert.equal(page.hasMore, true);
    assert.equal(page.organizationName, 'admin');
    assert.ok(page.running + page.warm >= 3);
    const rest = await client.listSprites({ prefix, continuationToken: page.nextContinuationToken });
    assert.deepEqual([rest.sprites.map(({ name }) => name), rest.hasMore], [names.slice(2), false]);
    const everything = await client.listAllSprites(prefix);
    assert.deepEqual(
      everything.map(({ name }) => name),
      names,
    );
    for (const sprite of everything) await sprite.destroy();
  });

  test('changes of statuses are watched', async () => {
    const client = user.client();
    const name = user.newName();
    const news = await client.watchSprites({ prefix: name });
    const sprite = await client.createSprite(name);
    const running = await first(news, ({ name: told, status }) => told === name && status === 'running');
    assert.equal(running.organization.name, 'admin');
    assert.ok(running.timestamp instanceof Date);
    await sprite.delete();
    await first(news, ({ status }) => status !== 'running');
    news.close();
  });

  test('a sprite is restarted with its files, and checked', async () => {
    const sprite = await user.sprite();
    await sprite.filesystem('/home/sprite').writeFile('kept', 'here');
    const { spriteName, machineId } = await sprite.restart();
    assert.equal(spriteName, sprite.name);
    assert.ok(machineId.length > 0);
    assert.equal((await sprite.execFile('cat', ['kept'])).stdout, 'here');
    await eventually('it is healthy', async () => (await sprite.check()).status === 'healthy');
    const { checkedAt, elapsed, spriteName: checked } = await sprite.check();
    assert.equal(checked, sprite.name);
    assert.ok(checkedAt.getTime() > 0 && elapsed >= 0);
  });

  test("refusals are the library's own errors", async () => {
    const client = user.client();
    const sprite = await user.sprite();
    await assert.rejects(client.createSprite(sprite.name), error => {
      assert.ok(error instanceof user.sdk.APIError);
      assert.deepEqual([error.statusCode, error.errorCode], [400, 'sprite already exists']);
      assert.match(error.message, new RegExp(sprite.name));
      return true;
    });
    await assert.rejects(client.createSprite('Not_A_Name'), { statusCode: 400, errorCode: 'invalid name' });
    const stranger = user.client({}, 'wrong.token');
    await assert.rejects(stranger.getSprite(sprite.name), { statusCode: 401, errorCode: 'unauthorized' });
    await assert.rejects(stranger.listSprites(), { statusCode: 401 });
    await assert.rejects(client.deleteSprite('never-made'), { statusCode: 404 });
    await assert.rejects(client.sprite('never-made').listSessions(), /status 404/);
  });

  test("another account's sprite is an unknown one", async () => {
    const { token, name } = await user.world.account(`js-stranger-${user.world.runtime}`);
    const sprite = await user.sprite();
    const stranger = user.client({}, token);
    await assert.rejects(stranger.getSprite(sprite.name), { statusCode: 404 });
    await assert.rejects(stranger.sprite(sprite.name).execFileHTTP('true'), { statusCode: 404 });
    await assert.rejects(stranger.sprite(sprite.name).filesystem().readFile('/etc/passwd'));
    await assert.rejects(stranger.sprite(sprite.name).execFile('true'), /WebSocket/);
    const own = await stranger.createSprite(sprite.name);
    assert.deepEqual([own.organizationName, own.id === sprite.id], [name, false]);
    await own.delete();
    assert.equal((await user.client().getSprite(sprite.name)).id, sprite.id);
  });
}
