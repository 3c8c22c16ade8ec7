import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { openSqliteStore, type Store } from '../store/index.ts';
import { hashToken, Identity } from './index.ts';

interface World {
  readonly directory: string;
  readonly tokenFile: string;
  readonly store: Store;
  readonly identity: Identity;
  now: Date;
}

async function makeWorld(t: TestContext): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-identity-'));
  const store = await openSqliteStore({ path: join(directory, 'db', 'berth.db') });
  t.after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  const world = { directory, store, tokenFile: join(directory, 'admin-token'), now: new Date('2026-05-01') };
  return Object.assign(world, { identity: new Identity({ store, clock: { now: () => world.now } }) });
}

function invalid(message: RegExp) {
  return { name: 'BerthError', code: 'invalid', message };
}

describe('a token', () => {
  test('is a public and a private part, and only its hash is stored', async t => {
    const { identity, store } = await makeWorld(t);
    const account = await identity.createAccount('acme');
    const { secret: text, token: info } = await identity.createToken(account, { label: 'laptop' });

    assert.match(text, /^[a-z0-9]{16}\.[A-Za-z0-9_-]{43}$/);
    assert.equal(info.publicPart, text.split('.')[0]);
    assert.deepEqual(await identity.listTokens(account), [info]);
    const [stored] = await store.tokens.list(account.id);
    assert.equal(stored?.hash, hashToken(text));
    assert.equal(JSON.stringify(stored).includes(text.split('.')[1] ?? text), false);
  });

  test('has the prefix that was asked for', async t => {
    const { identity } = await makeWorld(t);
    const account = await identity.createAccount('acme');
    const { secret: text } = await identity.createToken(account, { label: '', prefix: 'sd_' });
    assert.match(text, /^sd_[a-z0-9]{16}\./);
    assert.equal((await identity.authenticate(text))?.account.name, 'acme');
    await assert.rejects(identity.createToken(account, { label: '', prefix: 'a.b' }), invalid(/prefix/));
  });

  test('opens its own account', async t => {
    const { identity } = await makeWorld(t);
    const account = await identity.createAccount('acme');
    const { secret: text, token: info } = await identity.createToken(account, { label: 'laptop' });

    const principal = await identity.authenticate(text);

    assert.deepEqual(principal?.account, account);
    assert.deepEqual(principal.accounts, ['acme']);
    assert.equal(principal.isAdmin, false);
    assert.equal(principal.tokenId, info.id);
  });

  test('that is unknown opens nothing', async t => {
    const { identity } = await makeWorld(t);
    const { secret: text } = await identity.createToken(await identity.createAccount('acme'), { label: '' });
    for (const token of [
      '',
      '.',
      'a.b',
      text.slice(0, -1),
      `${text}x`,
      ` ${text}`,
      text.toUpperCase(),
      'x'.repeat(1e6),
    ]) {
      assert.equal(await identity.authenticate(token), undefined);
    }
  });

  test('opens nothing from the moment it is revoked, by its own account only', async t => {
    const { identity } = await makeWorld(t);
    const account = await identity.createAccount('acme');
    const other = await identity.createAccount('other');
    const { secret: text, token: info } = await identity.createToken(account, { label: '' });

    assert.equal(await identity.revokeToken(other, info.id), false);
    assert.ok(await identity.authenticate(text));
    assert.equal(await identity.revokeToken(account, info.id), true);
    assert.equal(await identity.authenticate(text), undefined);
    assert.equal(await identity.revokeToken(account, info.id), false);
  });

  test('opens nothing from the moment it expires', async t => {
    const world = await makeWorld(t);
    const account = await world.identity.createAccount('acme');
    const expiresAt = new Date('2026-06-01T00:00:00.000Z');
    const { secret: text } = await world.identity.createToken(account, { label: '', expiresAt });

    world.now = new Date('2026-05-31T23:59:59.999Z');
    assert.ok(await world.identity.authenticate(text));
    world.now = expiresAt;
    assert.equal(await world.identity.authenticate(text), undefined);
    await assert.rejects(world.identity.createToken(account, { label: '', expiresAt }), invalid(/future/));
    const never = new Date('never');
    await assert.rejects(
      world.identity.createToken(account, { label: '', expiresAt: never }),
      invalid(/future/),
    );
  });

  test('of a disabled account says so, and may act as nobody', async t => {
    const { identity, store } = await makeWorld(t);
    const account = { id: 'x', name: 'acme', isAdmin: true, enabled: false, createdAt: new Date(0) };
    await store.accounts.create(account);
    const { secret: text } = await identity.createToken(account, { label: '' });

    const principal = await identity.authenticate(text);

    assert.equal(principal?.account.enabled, false);
    assert.equal(principal.mayActAs('acme'), false);
    assert.equal(principal.mayActAs('other', 'other'), false);
  });
});

describe('a principal', () => {
  test('acts as its own account, and as another only as an administrator who names it', async t => {
    const { identity, tokenFile } = await makeWorld(t);
    const { secret: text } = await identity.createToken(await identity.createAccount('acme'), { label: '' });
    await identity.ensureAdmin({ tokenFile });
    const user = await identity.authenticate(text);
    const admin = await identity.authenticate((await readFile(tokenFile, 'utf8')).trim());
    assert.ok(user && admin);

    assert.equal(user.mayActAs('acme'), true);
    assert.equal(user.mayActAs('acme', 'other'), true);
    assert.equal(user.mayActAs('other'), false);
    assert.equal(user.mayActAs('other', 'other'), false);

    assert.equal(admin.isAdmin, true);
    assert.deepEqual(admin.accounts, ['admin']);
    assert.equal(admin.mayActAs('admin'), true);
    assert.equal(admin.mayActAs('acme'), false);
    assert.equal(admin.mayActAs('acme', 'other'), false);
    assert.equal(admin.mayActAs('acme', 'acme'), true);

    assert.deepEqual(await identity.accountFor(user, 'acme'), user.account);
    assert.equal(await identity.accountFor(user, 'admin', 'admin'), undefined);
    assert.deepEqual(await identity.accountFor(admin, 'acme', 'acme'), user.account);
    assert.equal(await identity.accountFor(admin, 'acme'), undefined);
    assert.equal(await identity.accountFor(admin, 'nobody', 'nobody'), undefined);
  });
});

describe('an account name', () => {
  test('is a part of a registry path that is not reserved', async t => {
    const { identity } = await makeWorld(t);
    for (const name of ['a', '0', 'a.b', 'a_b', 'a__b', 'a---b', 'services', 'x'.repeat(63)]) {
      assert.equal((await identity.createAccount(name)).name, name);
    }
    for (const name of ['A', 'a b', '.a', 'a.', 'a..b', 'a___b', 'a-', '-a', 'a/b', 'ä', 'a\n', 'a._b']) {
      await assert.rejects(identity.createAccount(name), invalid(/a-z/), name);
    }
    for (const name of ['', 'x'.repeat(64)])
      await assert.rejects(identity.createAccount(name), invalid(/1 to 63/));
    for (const name of ['account', 'service', 'service-env', 'backend']) {
      await assert.rejects(identity.createAccount(name), invalid(/reserved/));
    }
  });

  test('is given once, and the administrator’s never', async t => {
    const { identity } = await makeWorld(t);
    await identity.createAccount('acme');
    for (const name of ['acme', 'admin']) {
      await assert.rejects(identity.createAccount(name), { code: 'already-exists' });
    }
  });
});

describe('the administrator', () => {
  const fixedToken = 'chosen.by-the-owner';
  const read = async (world: World) => (await readFile(world.tokenFile, 'utf8')).trim();
  const isValid = async (world: World, token: string) =>
    (await world.identity.authenticate(token))?.account.name === 'admin';

  test('is made at the first start, with a token in a file that only its owner reads', async t => {
    const world = await makeWorld(t);
    const account = await world.identity.ensureAdmin(world);

    assert.equal(account.isAdmin, true);
    assert.deepEqual(await world.identity.accountByName('admin'), account);
    assert.equal(await isValid(world, await read(world)), true);
    assert.equal((await stat(world.tokenFile)).mode & 0o777, 0o600);
    assert.deepEqual((await readdir(world.directory)).toSorted(), ['admin-token', 'db']);
  });

  test('keeps account and token at later starts', async t => {
    const world = await makeWorld(t);
    const account = await world.identity.ensureAdmin(world);
    const token = await read(world);
    assert.deepEqual(await world.identity.ensureAdmin(world), account);
    assert.equal(await read(world), token);
    assert.equal((await world.identity.listTokens(account)).length, 1);
  });

  test('gets no new token because the file is gone', async t => {
    const world = await makeWorld(t);
    const account = await world.identity.ensureAdmin(world);
    const token = await read(world);
    await rm(world.tokenFile);

    await world.identity.ensureAdmin(world);
    assert.equal((await world.identity.listTokens(account)).length, 1);
    await assert.rejects(read(world), { code: 'ENOENT' });
    assert.equal(await isValid(world, token), true);
  });

  test('gets a new token when none is valid, as after a crash in the first start', async t => {
    const world = await makeWorld(t);
    const account = await world.identity.ensureAdmin(world);
    const before = await read(world);
    for (const { id } of await world.identity.listTokens(account))
      await world.identity.revokeToken(account, id);

    await world.identity.ensureAdmin(world);
    assert.notEqual(await read(world), before);
    assert.equal(await isValid(world, await read(world)), true);
    assert.equal(await isValid(world, before), false);
  });

  test('may choose the token, which is written to the file too', async t => {
    const world = await makeWorld(t);
    const account = await world.identity.ensureAdmin({ ...world, fixedToken });
    assert.equal(await read(world), fixedToken);
    assert.equal(await isValid(world, fixedToken), true);
    await world.identity.ensureAdmin({ ...world, fixedToken });
    assert.equal((await world.identity.listTokens(account)).length, 1);
  });

  test('may add another token at a later start, beside the one there is', async t => {
    const world = await makeWorld(t);
    await world.identity.ensureAdmin(world);
    const first = await read(world);
    await world.identity.ensureAdmin({ ...world, fixedToken });
    assert.equal(await isValid(world, first), true);
    assert.equal(await isValid(world, fixedToken), true);
    assert.equal(await read(world), fixedToken);
  });

  test('is told what is wrong with a chosen token, without its text', async t => {
    const world = await makeWorld(t);
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['', /8 to 512/],
      ['short.x', /8 to 512/],
      [`a.${'x'.repeat(511)}`, /8 to 512/],
      ['no-dot-in-here', /dot/],
      ['white space.in-here', /whitespace/],
      ['line\n.break-in-here', /whitespace/],
      ['ümlaut.in-here', /ASCII/],
    ];
    for (const [token, message] of wrong) {
      await assert.rejects(world.identity.ensureAdmin({ ...world, fixedToken: token }), (error: Error) => {
        assert.match(error.message, message);
        assert.equal(token !== '' && error.message.includes(token), false);
        return true;
      });
    }
    assert.equal(await world.identity.accountByName('admin'), undefined);
  });

  test('can’t choose the token of another account', async t => {
    const world = await makeWorld(t);
    const account = await world.identity.createAccount('acme');
    const { secret: text } = await world.identity.createToken(account, { label: '' });
    await assert.rejects(
      world.identity.ensureAdmin({ ...world, fixedToken: text }),
      invalid(/another account/),
    );
  });
});
