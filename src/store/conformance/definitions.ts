import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Service, Token } from '../store.ts';
import { after, makeWorld, newAccount, newService, noon, type StoreUnderTest, spawn } from './world.ts';

/** Accounts, tokens and services: what people define. */
export function definitionPromises(subject: StoreUnderTest): void {
  describe('accounts', () => {
    test('an account is found by name and by id, as it was created', async t => {
      const { store } = await makeWorld(t, subject);
      const root = { ...newAccount('root'), isAdmin: true, enabled: false };

      assert.deepEqual(await store.accounts.create(root), root);
      assert.deepEqual(await store.accounts.byName('root'), root);
      assert.deepEqual(await store.accounts.byId(root.id), root);
      assert.equal(await store.accounts.byName('Root'), undefined);
      assert.equal(await store.accounts.byId('root'), undefined);
    });

    test('a name is given once, however many ask for it at the same time', async t => {
      const { store } = await makeWorld(t, subject);
      const asked = await Promise.all(
        Array.from({ length: 20 }, () => store.accounts.create(newAccount('twin'))),
      );
      const created = asked.filter(account => account !== undefined);
      assert.equal(created.length, 1);
      assert.deepEqual(await store.accounts.byName('twin'), created[0]);
    });

    test('accounts are listed by name', async t => {
      const { store } = await makeWorld(t, subject);
      for (const name of ['zoo', 'bar']) await store.accounts.create(newAccount(name));
      assert.deepEqual(
        (await store.accounts.list()).map(account => account.name),
        ['acme', 'bar', 'zoo'],
      );
    });
  });

  describe('tokens', () => {
    test('a token is found by its hash until it is revoked by its account', async t => {
      const { store, account } = await makeWorld(t, subject);
      const other = newAccount('other');
      await store.accounts.create(other);
      const token = { ...newToken(account.id, 'one'), expiresAt: after(5_000) };

      assert.deepEqual(await store.tokens.create(token), token);
      assert.equal(await store.tokens.create({ ...newToken(other.id, 'one'), id: 'another' }), undefined);
      assert.deepEqual(await store.tokens.byHash(token.hash), token);

      assert.equal(await store.tokens.revoke(other.id, token.id), false);
      assert.deepEqual(await store.tokens.byHash(token.hash), token);
      assert.equal(await store.tokens.revoke(account.id, token.id), true);
      assert.equal(await store.tokens.byHash(token.hash), undefined);
      assert.equal(await store.tokens.revoke(account.id, token.id), false);
    });

    test('tokens of an account are listed newest first, also those of one millisecond', async t => {
      const { store, account } = await makeWorld(t, subject);
      const later = { ...newToken(account.id, 'c'), createdAt: after(1) };
      for (const token of [later, newToken(account.id, 'a'), newToken(account.id, 'b')]) {
        await store.tokens.create(token);
      }
      assert.deepEqual(
        (await store.tokens.list(account.id)).map(token => token.id),
        ['c', 'b', 'a'],
      );
      assert.deepEqual(await store.tokens.list('nobody'), []);
    });
  });

  describe('services', () => {
    test('a service is found by account and name, as it was created', async t => {
      const { store, account } = await makeWorld(t, subject);
      const service: Service = {
        ...newService(account, 'runner'),
        program: { command: ['node', 'a b.js'], directory: '/srv/app' },
        env: { EMOJI: '🛶', EMPTY: '' },
        environments: [
          { name: 'default', imageTag: 'latest', createdAt: noon },
          { name: 'alpha', imageTag: `sha256:${'0'.repeat(64)}`, createdAt: noon, lastSpawnedAt: after(1) },
          { name: 'beta', imageTag: 'v2', createdAt: noon },
        ],
      };
      const shuffled = { ...service, environments: service.environments.toReversed() };

      assert.notEqual(await store.services.create(shuffled), undefined);
      assert.deepEqual(await store.services.byName(account.id, 'runner'), service);
      assert.equal(await store.services.byName('other', 'runner'), undefined);
    });

    test('a name is given once per account', async t => {
      const { store, account } = await makeWorld(t, subject);
      const other = newAccount('other');
      await store.accounts.create(other);
      const asked = await Promise.all(
        [account, account, other, other].map(owner => store.services.create(newService(owner, 'twin'))),
      );
      assert.deepEqual(
        asked.map(service => service?.accountId),
        [account.id, undefined, other.id, undefined],
      );
      assert.equal((await store.services.byName(account.id, 'twin'))?.environments.length, 1);
    });

    test('an environment is added, changed and deleted by name', async t => {
      const { store, account } = await makeWorld(t, subject);
      const { services } = store;
      const service = newService(account, 'runner');
      await services.create(service);
      const beta = { name: 'beta', imageTag: 'v1', createdAt: noon };

      assert.equal(await services.addEnvironment(service.id, beta), true);
      assert.equal(await services.addEnvironment(service.id, beta), false);
      assert.equal(await services.addEnvironment('gone', beta), false);
      assert.equal(await services.changeEnvironment(service.id, 'nope', { imageTag: 'v2' }), 'not-found');
      assert.equal(await services.changeEnvironment(service.id, 'beta', { name: 'default' }), 'name-taken');
      const change = { name: 'gamma', imageTag: 'v2' };
      assert.equal(await services.changeEnvironment(service.id, 'beta', change), 'changed');
      const found = await services.byId(service.id);
      assert.deepEqual(found?.environments, [...service.environments, { ...beta, ...change }]);
      assert.equal(await services.deleteEnvironment(service.id, 'gamma'), true);
      assert.equal(await services.deleteEnvironment(service.id, 'gamma'), false);
    });

    test('spawn tokens are found by hash, counted, and end with their service', async t => {
      const { store, account } = await makeWorld(t, subject);
      const service = newService(account, 'runner');
      await store.services.create(service);
      const token = { hash: 'h1', serviceId: service.id, graceMs: 60_000, imageTag: 'v1', createdAt: noon };
      await store.spawnTokens.create(token);
      await store.spawnTokens.create({ hash: 'h2', serviceId: service.id, createdAt: noon });

      assert.deepEqual(await store.spawnTokens.byHash('h1'), token);
      assert.equal(await store.spawnTokens.count(service.id), 2);
      assert.equal(await store.spawnTokens.revoke('h1'), true);
      assert.equal(await store.spawnTokens.revoke('h1'), false);
      await store.services.delete(account.id, 'runner');
      assert.equal(await store.spawnTokens.byHash('h2'), undefined);
    });

    test('services are listed by name, those of the account only', async t => {
      const { store, account } = await makeWorld(t, subject);
      const other = newAccount('other');
      await store.accounts.create(other);
      await store.services.create(newService(other, 'foreign'));
      const runner = newService(account, 'runner');
      const api = newService(account, 'api');
      for (const service of [runner, api]) await store.services.create(service);

      const listed = await store.services.list(account.id);
      assert.deepEqual(
        listed.map(service => service.name),
        ['api', 'editor', 'runner'],
      );
      assert.deepEqual(listed[0], api);
    });

    test('a deleted service leaves its backends, and its name can be given again', async t => {
      const world = await makeWorld(t, subject);
      const { store, account } = world;
      const backend = await spawn(world);

      assert.equal(await store.services.delete('other', 'editor'), false);
      assert.equal(await store.services.delete(account.id, 'editor'), true);
      assert.equal(await store.services.delete(account.id, 'editor'), false);
      assert.equal(await store.services.byName(account.id, 'editor'), undefined);
      assert.deepEqual(await store.backends.get(backend.id), backend);

      const successor = newService(account, 'editor');
      await store.services.create(successor);
      assert.deepEqual(await store.services.byName(account.id, 'editor'), successor);
    });
  });
}

function newToken(accountId: string, id: string): Token {
  return { id, accountId, label: 'laptop', publicPart: 'pub', hash: `hash of ${id}`, createdAt: noon };
}
