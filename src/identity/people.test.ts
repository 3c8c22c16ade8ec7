import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { openSqliteStore } from '../store/index.ts';
import { addressKey } from './client-address.ts';
import { Identity } from './index.ts';
import { Passwords } from './passwords.ts';
import { RateLimit } from './rate-limit.ts';

/** The least that there is: most tests are about something else. */
const passwordCost = { memoryKib: 8, passes: 1, parallelism: 1 };
const minuteMs = 60_000;
const password = 'correct horse battery';

async function makeWorld(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'berth-people-'));
  const store = await openSqliteStore({ path: join(directory, 'berth.db') });
  t.after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  let now = new Date('2026-05-01').getTime();
  const identity = new Identity({ store, clock: { now: () => new Date(now) }, passwordCost });
  const admin = await identity.ensureAdmin({
    tokenFile: join(directory, 'token'),
    fixedToken: 'the.administrator',
  });
  return {
    identity,
    store,
    admin,
    pass: (ms: number) => {
      now += ms;
    },
    login: (name: string, given = password, clientAddress = '10.0.0.1') =>
      identity.passwordLogin.login({ name, password: given, clientAddress, userAgent: 'a browser' }),
  };
}

describe('a password', () => {
  test('is stored as a salted argon2id hash, and known again', async () => {
    const passwords = new Passwords();
    const [one, other] = await Promise.all([passwords.hash(password), passwords.hash(password)]);
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.notEqual(one, other);
    assert.equal(await passwords.verify(password, one), true);
    assert.equal(await passwords.verify(`${password} `, one), false);
    assert.equal(await passwords.verify('', one), false);
    assert.equal(await passwords.verify('x'.repeat(5_000), one), false);
  });

  test('is the same however its letters are composed', async () => {
    const passwords = new Passwords();
    assert.equal(
      await passwords.verify('gro\u0308\u00dfer als', await passwords.hash('gr\u00f6\u00dfer als')),
      true,
    );
  });

  test('is never that of a user who does not exist', async () => {
    const passwords = new Passwords();
    assert.equal(await passwords.verify(password, undefined), false);
  });

  test('is refused when too many wait, and taken again when they are served', async () => {
    const passwords = new Passwords(passwordCost);
    const asked = await Promise.allSettled(Array.from({ length: 130 }, () => passwords.hash('x')));
    const refused = asked.filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 30);
    assert.match(await passwords.hash('x'), /^\$argon2id/);
  });
});

describe('a user', () => {
  test('has an account of their own name, and the role that was given', async t => {
    const { identity } = await makeWorld(t);
    const ada = await identity.users.create({
      name: 'ada',
      password,
      role: 'super_admin',
      email: 'ada@x.org',
    });
    const bob = await identity.users.create({ name: 'bob', password });
    assert.deepEqual([ada.account.name, ada.account.isAdmin, ada.user.role], ['ada', true, 'super_admin']);
    assert.deepEqual([bob.account.isAdmin, bob.user.role], [false, 'manage']);
    assert.deepEqual(await identity.accountByName('ada'), ada.account);
    assert.deepEqual(
      (await identity.users.list()).map(({ user }) => user.name),
      ['ada', 'bob'],
    );
    const { secret } = await identity.createToken(bob.account, { label: '' });
    assert.equal((await identity.authenticate(secret))?.role, 'manage');
    await identity.users.change('bob', { role: 'viewer' }, ada.account);
    assert.equal((await identity.authenticate(secret))?.role, 'viewer');
  });

  test('needs a name, a password and an address that fit the rules and are free', async t => {
    const { identity } = await makeWorld(t);
    await identity.createAccount('acme');
    await identity.users.create({ name: 'ada', password, email: 'ada@x.org' });
    const wrong = [
      [{ name: 'Ada', password }, 'invalid'],
      [{ name: 'eve', password: 'seven77' }, 'invalid'],
      [{ name: 'eve', password: 'x'.repeat(1_025) }, 'invalid'],
      [{ name: 'eve', password, email: 'nonsense' }, 'invalid'],
      [{ name: 'eve', password, email: 'a b@x' }, 'invalid'],
      [{ name: 'eve', password, email: `${'a'.repeat(254)}@x` }, 'invalid'],
      [{ name: 'admin', password, role: 'viewer' }, 'invalid'],
      [{ name: 'ada', password }, 'already-exists'],
      [{ name: 'acme', password }, 'already-exists'],
      [{ name: 'eve', password, email: 'ADA@x.org' }, 'already-exists'],
    ] as const;
    for (const [user, code] of wrong) {
      await assert.rejects(identity.users.create(user), { code }, JSON.stringify(user).slice(0, 90));
    }
    assert.equal((await identity.users.list()).length, 1);
  });

  test('may be the administrator, who then logs in, and stays what they are', async t => {
    const { identity, admin, login } = await makeWorld(t);
    const { account } = await identity.users.create({ name: 'admin', password });
    assert.equal(account.id, admin.id);
    assert.equal((await identity.authenticateBrowser((await login('admin')).secret))?.isAdmin, true);
    const ada = await identity.users.create({ name: 'ada', password, role: 'super_admin' });
    for (const change of [{ role: 'viewer' }, { enabled: false }] as const) {
      await assert.rejects(identity.users.change('admin', change, ada.account), { code: 'invalid' });
    }
    await identity.users.delete('admin', admin);
    assert.equal((await identity.authenticate('the.administrator'))?.isAdmin, true);
    await assert.rejects(login('admin'), { code: 'unauthenticated' });
  });

  test('can’t lock themselves out', async t => {
    const { identity } = await makeWorld(t);
    const { account } = await identity.users.create({ name: 'ada', password, role: 'super_admin' });
    await assert.rejects(identity.users.change('ada', { role: 'viewer' }, account), { code: 'invalid' });
    await assert.rejects(identity.users.change('ada', { enabled: false }, account), { code: 'invalid' });
    await assert.rejects(identity.users.delete('ada', account), { code: 'invalid' });
    await identity.users.change('ada', { role: 'super_admin', email: 'ada@x.org' }, account);
  });

  test('ends with tokens and sessions when they are deleted, and their name is free', async t => {
    const { identity, admin, login } = await makeWorld(t);
    const { account } = await identity.users.create({ name: 'ada', password });
    const token = await identity.createToken(account, { label: '' });
    const { secret } = await login('ada');
    await identity.users.delete('ada', admin);
    assert.equal(await identity.authenticate(token.secret), undefined);
    assert.equal(await identity.authenticateBrowser(secret), undefined);
    await identity.users.create({ name: 'ada', password });
    await assert.rejects(identity.users.delete('nobody', admin), { code: 'not-found' });
  });
});

describe('a login by password', () => {
  test('makes a session that counts in a browser only, until it expires or is ended', async t => {
    const { identity, store, login, pass } = await makeWorld(t);
    await identity.users.create({ name: 'ada', password });
    const { session, secret } = await login('ada');
    assert.match(secret, /^[a-z0-9]{16}\.[A-Za-z0-9_-]{43}$/);
    assert.equal(JSON.stringify(await store.sessions.byId(session.id)).includes(secret.slice(17)), false);
    assert.equal((await identity.authenticateBrowser(secret))?.account.name, 'ada');
    assert.equal(await identity.authenticate(secret), undefined);
    assert.deepEqual(session.expiresAt, new Date(session.createdAt.getTime() + 90 * 24 * 60 * minuteMs));

    const other = await login('ada');
    await identity.sessions.end(other.session);
    assert.equal(await identity.authenticateBrowser(other.secret), undefined);
    pass(90 * 24 * 60 * minuteMs - 1);
    assert.equal((await identity.authenticateBrowser(secret))?.session?.id, session.id);
    pass(1);
    assert.equal(await identity.authenticateBrowser(secret), undefined);
    assert.equal(await identity.sessions.get(session.id), undefined);
    await login('ada');
    assert.equal(await store.sessions.byId(session.id), undefined, 'expired sessions are removed');
  });

  test('tells the same of a wrong name and a wrong password', async t => {
    const { identity, login } = await makeWorld(t);
    await identity.users.create({ name: 'ada', password });
    const told = await Promise.all(
      ['ada', 'nobody'].map(name => login(name, 'wrong password').catch((error: Error) => error)),
    );
    assert.deepEqual(told[0], told[1]);
    assert.ok(told[0] instanceof Error);
  });

  test('tells who is disabled, but only who knows the password', async t => {
    const { identity, admin, login } = await makeWorld(t);
    await identity.users.create({ name: 'ada', password });
    const { secret } = await login('ada');
    await identity.users.change('ada', { enabled: false }, admin);
    await assert.rejects(login('ada'), { code: 'account-disabled' });
    await assert.rejects(login('ada', 'wrong password'), { code: 'unauthenticated' });
    assert.equal((await identity.authenticateBrowser(secret))?.account.enabled, false);
  });

  test('is tried ten times a minute from one address', async t => {
    const { identity, login, pass } = await makeWorld(t);
    await identity.users.create({ name: 'ada', password });
    const wrong = () => login('nobody', 'wrong');
    for (let n = 0; n < 10; n += 1) await assert.rejects(wrong(), { code: 'unauthenticated' });
    await assert.rejects(login('ada'), { code: 'rate-limited' });
    await login('ada', password, '10.0.0.2');
    pass(minuteMs);
    await login('ada');
  });

  test('is tried thirty times for one name, from wherever, unless it succeeds', async t => {
    const { identity, login, pass } = await makeWorld(t);
    await identity.users.create({ name: 'ada', password });
    for (const name of ['ada', 'nobody']) {
      const tries = Array.from({ length: 31 }, (_, n) => login(name, 'wrong', `10.1.0.${n}`));
      const told = await Promise.all(tries.map(async attempt => attempt.catch(error => error.code)));
      assert.equal(told.filter(code => code === 'rate-limited').length, 1, name);
    }
    await assert.rejects(login('ada', password, '10.2.0.1'), { code: 'rate-limited' });
    pass(15 * minuteMs);
    await login('ada', password, '10.2.0.1');
  });
});

describe('a new password', () => {
  test('ends the sessions but that in which it is set', async t => {
    const { identity, login } = await makeWorld(t);
    await identity.users.create({ name: 'ada', password });
    const [here, there] = [await login('ada'), await login('ada')];
    const change = { current: password, session: here.session };
    await identity.users.setPassword('ada', 'another password', change);
    assert.notEqual(await identity.authenticateBrowser(here.secret), undefined);
    assert.equal(await identity.authenticateBrowser(there.secret), undefined);
    await assert.rejects(login('ada'), { code: 'unauthenticated' });
    await login('ada', 'another password');
    await assert.rejects(identity.users.setPassword('ada', 'yet another', { current: 'wrong' }), {
      code: 'invalid',
    });
    await assert.rejects(identity.users.setPassword('ada', 'short'), { code: 'invalid' });
    await assert.rejects(identity.users.setPassword('nobody', 'yet another'), { code: 'not-found' });
  });
});

describe('an organisation', () => {
  test('is acted for by its members, in their sessions', async t => {
    const { identity, admin, login } = await makeWorld(t);
    const { account } = await identity.users.create({ name: 'mia', password });
    for (const name of ['zoo', 'acme', 'other', 'shut']) await identity.createAccount(name);
    for (const name of ['zoo', 'acme', 'shut', 'acme']) await identity.organisations.addMember(name, 'mia');
    const session = await identity.authenticateBrowser((await login('mia')).secret);
    assert.deepEqual(session?.accounts, ['mia', 'acme', 'shut', 'zoo']);
    assert.equal((await identity.accountFor(session, 'acme'))?.name, 'acme');
    assert.equal(await identity.accountFor(session, 'other'), undefined);

    const token = await identity.createToken(account, { label: '' });
    assert.deepEqual((await identity.authenticate(token.secret))?.accounts, ['mia']);
    assert.deepEqual(await identity.organisations.members('acme'), ['mia']);
    await identity.organisations.removeMember('acme', 'mia');
    const later = await identity.authenticateBrowser((await login('mia')).secret);
    assert.deepEqual(later?.accounts, ['mia', 'shut', 'zoo']);
    assert.equal(admin.isAdmin, true);
  });

  test('is no user’s own account, and has users as members', async t => {
    const { identity } = await makeWorld(t);
    for (const name of ['mia', 'bob']) await identity.users.create({ name, password });
    await identity.createAccount('acme');
    const { organisations } = identity;
    await assert.rejects(organisations.addMember('bob', 'mia'), { code: 'invalid' });
    await assert.rejects(organisations.addMember('nope', 'mia'), { code: 'not-found' });
    await assert.rejects(organisations.addMember('acme', 'nope'), { code: 'not-found' });
    await assert.rejects(organisations.addMember('acme', 'acme'), { code: 'not-found' });
    await assert.rejects(organisations.removeMember('acme', 'mia'), { code: 'not-found' });
    await assert.rejects(organisations.members('nope'), { code: 'not-found' });
  });
});

describe('the login of a command line', () => {
  const applicant = { clientAddress: '192.0.2.7', userAgent: 'cli/1\u001b[31m\n', userHost: 'laptop' };
  const begun = async (t: TestContext) => {
    const world = await makeWorld(t);
    const { account } = await world.identity.users.create({ name: 'ada', password });
    const { loginAttempts: attempts } = world.identity;
    const token = attempts.begin(applicant);
    return { ...world, account, attempts, token };
  };
  const wait = (attempts: Identity['loginAttempts'], token: string) =>
    attempts.decision(token, AbortSignal.timeout(10_000));
  const wrongOf = (code: string) => String((Number(code) + 1) % 10_000).padStart(4, '0');

  test('is approved by a person, whose code then gives a session, once', async t => {
    const { identity, attempts, token, account } = await begun(t);
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(attempts.get(token), { ...applicant, userAgent: 'cli/1 [31m ', state: 'pending' });
    const decided = wait(attempts, token);
    await assert.rejects(attempts.complete(token, '0000'), { code: 'unauthenticated' });
    const code = attempts.approve(token, account);
    assert.match(code, /^\d{4}$/);
    assert.equal(attempts.approve(token, account), code);
    assert.equal(await decided, 'ok');
    assert.equal(await wait(attempts, token), 'ok');
    await assert.rejects(attempts.complete(token, wrongOf(code)), { code: 'unauthenticated' });
    const both = await Promise.allSettled([attempts.complete(token, code), attempts.complete(token, code)]);
    const [first] = both.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(both.filter(({ status }) => status === 'rejected').length, 1);
    assert.ok(first);
    const principal = await identity.authenticate(first.secret);
    assert.deepEqual([principal?.account.name, principal?.session?.userAgent], ['ada', 'cli/1 [31m ']);
    assert.equal(await identity.authenticateBrowser(first.secret), undefined);
    assert.throws(() => attempts.get(token), { code: 'not-found' });
  });

  test('dies of the fifth wrong code', async t => {
    const { attempts, token, account } = await begun(t);
    const code = attempts.approve(token, account);
    for (const wrong of [wrongOf(code), '', `${code}0`, 'ä', wrongOf(code)]) {
      await assert.rejects(attempts.complete(token, wrong), { code: 'unauthenticated' });
    }
    await assert.rejects(attempts.complete(token, code), { code: 'not-found' });
  });

  test('fails when it is denied, also after an approval', async t => {
    const { attempts, token, account } = await begun(t);
    const decided = wait(attempts, token);
    attempts.deny(token, account);
    assert.equal(await decided, 'failed');
    assert.equal(await wait(attempts, token), 'failed');
    assert.throws(() => attempts.approve(token, account), { code: 'gone' });
    await assert.rejects(attempts.complete(token, '0000'), { code: 'unauthenticated' });

    const second = attempts.begin(applicant);
    const code = attempts.approve(second, account);
    attempts.deny(second, account);
    await assert.rejects(attempts.complete(second, code), { code: 'unauthenticated' });
  });

  test('is decided by one person', async t => {
    const { identity, attempts, token, account } = await begun(t);
    const { account: eve } = await identity.users.create({ name: 'eve', password });
    attempts.approve(token, account);
    assert.throws(() => attempts.approve(token, eve), { code: 'already-exists' });
    assert.throws(() => attempts.deny(token, eve), { code: 'already-exists' });
    assert.equal(await wait(attempts, token), 'ok');
  });

  test('is over after ten minutes', async t => {
    const { attempts, token, account, pass } = await begun(t);
    const code = attempts.approve(token, account);
    pass(10 * minuteMs);
    assert.throws(() => attempts.get(token), { code: 'not-found' });
    assert.throws(() => attempts.approve(token, account), { code: 'not-found' });
    await assert.rejects(wait(attempts, token), { code: 'not-found' });
    await assert.rejects(attempts.complete(token, code), { code: 'not-found' });
  });

  test('that nobody decides fails for who waits', async t => {
    const { store } = await makeWorld(t);
    const { loginAttempts } = new Identity({ store, limits: { attemptMs: 20 } });
    const decided = wait(loginAttempts, loginAttempts.begin(applicant));
    // The timer of an attempt keeps no process alive.
    const alive = setInterval(() => {}, 1_000);
    assert.equal(await decided, 'failed');
    clearInterval(alive);
  });

  test('is waited for no longer than asked', async t => {
    const { attempts, token } = await begun(t);
    const gone = new AbortController();
    const waiting = attempts.decision(token, gone.signal);
    gone.abort();
    assert.equal(await waiting, undefined);
    assert.equal(await attempts.decision(token, gone.signal), undefined);
  });

  test('gives nothing when its user is gone', async t => {
    const { identity, admin, attempts, token, account } = await begun(t);
    const code = attempts.approve(token, account);
    await identity.users.delete('ada', admin);
    await assert.rejects(attempts.complete(token, code), { code: 'not-found' });
  });

  test('is begun twenty times a minute from one address', async t => {
    const { attempts, pass } = await begun(t);
    for (let n = 1; n < 20; n += 1) attempts.begin(applicant);
    assert.throws(() => attempts.begin(applicant), { code: 'rate-limited' });
    assert.throws(() => attempts.begin({ ...applicant, clientAddress: '::ffff:192.0.2.7' }), {
      code: 'rate-limited',
    });
    attempts.begin({ ...applicant, clientAddress: '192.0.2.8' });
    pass(minuteMs);
    attempts.begin(applicant);
  });
});

describe('a rate limit', () => {
  test('remembers no more keys than it may, those used lately first', () => {
    const limit = new RateLimit({ max: 1, windowMs: minuteMs, maxKeys: 2 }, { now: () => new Date(0) });
    assert.deepEqual([limit.take('a'), limit.take('b'), limit.take('a')], [true, true, false]);
    assert.equal(limit.take('c'), true);
    assert.equal(limit.take('a'), false);
    assert.equal(limit.take('b'), true, 'b was forgotten');
  });

  test('counts the addresses of one network as one', () => {
    const keys = [
      '192.0.2.1',
      '::ffff:192.0.2.1',
      '2001:db8::1',
      '2001:DB8:0:0:ffff::2',
      'fe80::1%eth0',
      '::1',
      '::',
    ];
    assert.deepEqual(keys.map(addressKey), [
      '192.0.2.1',
      '192.0.2.1',
      '2001:db8:0:0::/64',
      '2001:db8:0:0::/64',
      'fe80:0:0:0::/64',
      '0:0:0:0::/64',
      '0:0:0:0::/64',
    ]);
  });
});
