import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Account, Session, Store, User } from '../store.ts';
import { after, end, makeWorld, newAccount, newService, noon, type StoreUnderTest, spawn } from './world.ts';

/** Users, the organisations that they belong to, and their sessions. */
export function peoplePromises(subject: StoreUnderTest): void {
  describe('users', () => {
    test('a user is found by name and account, as they were created together', async t => {
      const { store } = await makeWorld(t, subject);
      const account = { ...newAccount('ada'), isAdmin: true };
      const user = { ...newUser(account), role: 'super_admin', email: 'ada@example.org' } as const;

      const created = await store.users.create(user, account);
      assert.ok(typeof created === 'object');
      assert.deepEqual(created, { ...user, number: created.number });
      assert.deepEqual(await store.users.byName('ada'), created);
      assert.deepEqual(await store.users.byAccount(account.id), created);
      assert.deepEqual(await store.accounts.byId(account.id), account);
      assert.equal(await store.users.byName('Ada'), undefined);
    });

    test('a user can be given to an account that is there', async t => {
      const { store, account } = await makeWorld(t, subject);
      assert.ok(typeof (await store.users.create(newUser(account), account)) === 'object');
      assert.equal(await store.users.create(newUser(account), account), 'name-taken');
    });

    test('names and addresses are given once, however many ask at the same time', async t => {
      const { store } = await makeWorld(t, subject);
      const asked = await Promise.all(Array.from({ length: 10 }, () => create(store, 'twin')));
      assert.equal(asked.filter(user => typeof user === 'object').length, 1);
      assert.equal(asked.filter(user => user === 'name-taken').length, 9);
      assert.equal(await create(store, 'acme'), 'name-taken', 'an account has the name');

      await create(store, 'eve', { email: 'eve@example.org' });
      assert.equal(await create(store, 'other', { email: 'EVE@example.org' }), 'email-taken');
      assert.equal(await store.accounts.byName('other'), undefined, 'nothing is left of a refusal');
    });

    test('numbers rise and are never given twice', async t => {
      const { store } = await makeWorld(t, subject);
      const [first, second] = [await create(store, 'first'), await create(store, 'second')];
      assert.ok(typeof first === 'object' && typeof second === 'object');
      assert.ok(first.number > 0 && second.number > first.number);
      await store.users.delete(second.accountId, 'close');
      const third = await create(store, 'third');
      assert.ok(typeof third === 'object' && third.number > second.number);
      assert.deepEqual(
        (await store.users.list()).map(user => user.name),
        ['first', 'third'],
      );
    });

    test('what is changed of a user is changed of their account', async t => {
      const { store } = await makeWorld(t, subject);
      const user = await create(store, 'ada', { email: 'a@example.org' });
      await create(store, 'eve', { email: 'e@example.org' });
      assert.ok(typeof user === 'object');
      const change = { role: 'super_admin', enabled: false, passwordHash: 'other', email: null } as const;

      assert.equal(await store.users.change(user.accountId, change), 'changed');
      const { email: _, ...rest } = user;
      const expected = { ...rest, role: 'super_admin', passwordHash: 'other' };
      assert.deepEqual(await store.users.byName('ada'), expected);
      const account = await store.accounts.byId(user.accountId);
      assert.deepEqual([account?.isAdmin, account?.enabled], [true, false]);

      assert.equal(await store.users.change(user.accountId, { role: 'viewer' }), 'changed');
      const later = await store.accounts.byId(user.accountId);
      assert.deepEqual([later?.isAdmin, later?.enabled], [false, false]);
      assert.equal(await store.users.change(user.accountId, { email: 'E@example.org' }), 'email-taken');
      assert.equal(await store.users.change(user.accountId, { email: 'A@example.org' }), 'changed');
      assert.equal(await store.users.change('nobody', {}), 'not-found');
    });

    test('a deleted user leaves nothing, unless something belongs to their account', async t => {
      const world = await makeWorld(t, subject);
      const { store } = world;
      for (const name of ['bare', 'owner', 'kept']) await create(store, name);
      const [bare, owner, kept] = await Promise.all(
        ['bare', 'owner', 'kept'].map(async name => (await store.accounts.byName(name)) as Account),
      );
      assert.ok(bare && owner && kept);
      for (const { id } of [bare, owner, kept]) {
        await store.tokens.create({ ...token, id: `of ${id}`, accountId: id, hash: `hash of ${id}` });
        await store.sessions.create(newSession(id, `of ${id}`));
        await store.members.add(world.account.id, id);
      }
      await store.services.create(newService(owner, 'web'));

      assert.equal(await store.users.delete(bare.id, 'close'), true);
      assert.equal(await store.users.delete(owner.id, 'close'), true);
      assert.equal(await store.users.delete(kept.id, 'keep'), true);
      assert.equal(await store.users.delete(kept.id, 'keep'), false);

      assert.equal(await store.accounts.byId(bare.id), undefined);
      assert.equal((await store.accounts.byId(owner.id))?.enabled, false);
      assert.notEqual(await store.services.byName(owner.id, 'web'), undefined);
      assert.deepEqual(await store.accounts.byId(kept.id), kept);
      assert.deepEqual(
        await Promise.all([bare, owner, kept].map(async ({ id }) => (await store.tokens.list(id)).length)),
        [0, 0, 1],
      );
      for (const { id } of [bare, owner, kept]) assert.deepEqual(await store.sessions.list(id), []);
      assert.deepEqual(await store.members.list(world.account.id), []);
    });

    test('a workload that has ended belongs to its account as long as it is remembered', async t => {
      const world = await makeWorld(t, subject);
      const { store, account } = world;
      await store.users.create(newUser(account), account);
      const { id } = await spawn(world);
      await end(store, id);
      await store.services.delete(account.id, world.service.name);
      await store.users.delete(account.id, 'close');
      assert.equal((await store.accounts.byId(account.id))?.enabled, false);
      assert.notEqual(await store.backends.get(id), undefined);
    });
  });

  describe('members', () => {
    test('belong to organisations, each once, and are listed by name', async t => {
      const { store, account: acme } = await makeWorld(t, subject);
      for (const name of ['zoe', 'bob']) await create(store, name);
      const [zoe, bob] = [await store.accounts.byName('zoe'), await store.accounts.byName('bob')];
      const zoo = newAccount('zoo');
      await store.accounts.create(zoo);
      assert.ok(zoe && bob);

      assert.equal(await store.members.add(zoo.id, zoe.id), true);
      for (const { id } of [zoe, bob]) assert.equal(await store.members.add(acme.id, id), true);
      assert.equal(await store.members.add(acme.id, bob.id), false);
      assert.deepEqual(await store.members.list(acme.id), [bob, zoe]);
      assert.deepEqual(await store.members.organisationsOf(zoe.id), [acme, zoo]);
      assert.equal(await store.members.remove(acme.id, zoe.id), true);
      assert.equal(await store.members.remove(acme.id, zoe.id), false);
      assert.deepEqual(await store.members.organisationsOf(zoe.id), [zoo]);
    });
  });

  describe('sessions', () => {
    test('a session is found by hash and id until it is deleted', async t => {
      const { store, account } = await makeWorld(t, subject);
      const session = newSession(account.id, 'a');
      await store.sessions.create(session);
      assert.deepEqual(await store.sessions.byHash(session.hash), session);
      assert.deepEqual(await store.sessions.byId('a'), session);
      assert.equal(await store.sessions.delete('a'), true);
      assert.equal(await store.sessions.delete('a'), false);
      assert.equal(await store.sessions.byHash(session.hash), undefined);
    });

    test('are listed newest first; all but one are deleted, and those that expired', async t => {
      const { store, account } = await makeWorld(t, subject);
      const ids = async () => (await store.sessions.list(account.id)).map(({ id }) => id);
      const other = newAccount('other');
      await store.accounts.create(other);
      for (const id of ['a', 'b', 'c']) await store.sessions.create(newSession(account.id, id));
      await store.sessions.create(newSession(other.id, 'd'));
      assert.deepEqual(await ids(), ['c', 'b', 'a']);
      await store.sessions.deleteOthers(account.id, 'b');
      assert.deepEqual(await ids(), ['b']);
      await store.sessions.create({ ...newSession(account.id, 'e'), expiresAt: after(5) });
      await store.sessions.deleteExpired(after(5));
      assert.deepEqual(await ids(), ['b']);
      await store.sessions.deleteOthers(account.id);
      assert.deepEqual(await ids(), []);
      assert.equal((await store.sessions.list(other.id)).length, 1);
    });
  });
}

const token = { label: '', publicPart: 'pub', createdAt: noon };

function newUser(account: Account): Omit<User, 'number'> {
  return {
    accountId: account.id,
    name: account.name,
    role: 'manage',
    passwordHash: 'a hash',
    createdAt: noon,
  };
}

function newSession(accountId: string, id: string): Session {
  return {
    id,
    accountId,
    kind: 'browser',
    userAgent: 'a browser',
    hash: `hash of ${id}`,
    createdAt: noon,
    expiresAt: after(60_000),
  };
}

function create(store: Store, name: string, more: Partial<User> = {}) {
  const account = newAccount(name);
  return store.users.create({ ...newUser(account), ...more }, account);
}
