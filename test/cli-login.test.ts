import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Input } from '../src/cli/input.ts';
import { forEachRuntime, runBerth, type World } from './support/index.ts';

const settings = { 'login.attempts_per_minute': 1_000, 'login.tries_per_minute': 1_000 };
const password = 'correct horse battery';

forEachRuntime('the command line logs in', { runtimes: ['process'], settings }, world => {
  test('through a browser, and keeps that for the next commands until it logs out', async t => {
    const person = await newPerson(t, world);
    (await world.api('/berth/v1/users', { body: { name: 'ada', password } })).ok();
    const token = await world.token({ account: 'ada' });
    const login = await person.logIn(async attempt => {
      const answer = await world.api(`${attempt}/approve`, { token, method: 'POST' });
      const { code } = answer.ok<{ code: string }>();
      return [code.replace(/\d/g, digit => String(9 - Number(digit))), ` ${code} `];
    });
    assert.equal(login.code, 0, login.stderr);
    assert.equal(login.stdout, `You are logged in to ${world.server.url} as ada.\n`);
    assert.match(login.stderr, new RegExp(`  ${world.server.url}/cli-login/[\\w-]{43}\n`));
    assert.match(login.stderr, /That is not the code\./);
    assert.equal((await stat(person.file)).mode & 0o777, 0o600);

    // The server of the last login is the one that is meant.
    const made = await person.run(['service', 'create', 'kept'], undefined, { BERTH_URL: '' });
    assert.equal(made.code, 0, made.stderr);
    assert.deepEqual((await world.api('/user/ada/services', { token })).ok(), { services: ['kept'] });
    const asAdmin = await person.run(['service', 'list', '--json'], undefined, {
      BERTH_TOKEN: world.server.token,
    });
    assert.doesNotMatch(asAdmin.stdout, /kept/);
    const { sessions } = (await world.api('/berth/v1/sessions', { token })).ok<{
      sessions: { user_agent: string; kind: string }[];
    }>();
    assert.match(sessions[0]?.user_agent ?? '', /^berth\/\d/);

    const saved = (await person.saved()).servers[world.server.url]?.token ?? '';
    const logout = await person.run(['logout', '--json']);
    assert.deepEqual(JSON.parse(logout.stdout), { url: world.server.url, account: 'ada' });
    assert.equal((await world.api('/auth', { token: saved })).status, 401);
    assert.deepEqual(await person.saved(), { servers: {} });
    const again = await person.run(['logout']);
    assert.deepEqual([again.code, again.stdout], [1, '']);
    assert.match(again.stderr, /not logged in to/);
  });

  test('with a token, which it does not end', async t => {
    const person = await newPerson(t, world);
    const { name, token } = await world.account('token-owner');
    assert.equal((await person.run(['login', '--token', token])).code, 0);
    const { stdout } = await person.run(['token', 'list', '--json']);
    assert.equal((JSON.parse(stdout) as { tokens: { account: string }[] }).tokens[0]?.account, name);
    assert.equal((await person.run(['logout'])).code, 0);
    assert.equal((await world.api('/auth', { token })).status, 200);
    const piped = await person.run(['login', '--token', '-', '--json'], typed(token));
    assert.deepEqual(JSON.parse(piped.stdout), { url: world.server.url, account: name, session: null });

    const wrong = await person.run(['login', '--token', 'not.valid']);
    assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
    assert.equal((await person.run(['login', '--token', '-'])).code, 2);
    assert.equal((await person.saved()).servers[world.server.url]?.token, token);
  });

  test('not when it is denied, or nobody has the code', async t => {
    const person = await newPerson(t, world);
    const decide = async (attempt: string, verb: 'approve' | 'deny') => {
      (await world.api(`${attempt}/${verb}`, { method: 'POST' })).ok();
    };
    const denied = await person.logIn(async attempt => {
      await decide(attempt, 'deny');
      return ['0000'];
    });
    assert.equal(denied.code, 1);
    assert.match(denied.stderr, /denied/);
    for (const [codes, told] of [
      [[], /no code was given/],
      [['a', 'b', 'c', 'd', 'e', 'f'], /Begin again/],
    ] as const) {
      const failed = await person.logIn(async attempt => {
        await decide(attempt, 'approve');
        return codes;
      });
      assert.deepEqual([failed.code, failed.stdout], [1, '']);
      assert.match(failed.stderr, told);
    }
    assert.equal(await person.saved().catch(() => undefined), undefined);
  });

  test('approve prints the code of another command line', async t => {
    const person = await newPerson(t, world);
    const { token } = (await world.api('/cli-login', { token: null, body: {} })).ok<{ token: string }>();
    const admin = { BERTH_TOKEN: world.server.token };
    const { stdout } = await person.run(['login', '--approve', token], undefined, admin);
    assert.match(stdout, /^\d{4}\n$/);
    const page = `https://app.localhost/cli-login/${token}`;
    const again = await person.run(['login', '--approve', page, '--json'], undefined, admin);
    assert.deepEqual(JSON.parse(again.stdout), { code: stdout.trim() });
    const unknown = await person.run(['login', '--approve', 'nope'], undefined, admin);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /login not found/);
  });

  test('a damaged file is told, and mended by nobody', async t => {
    const person = await newPerson(t, world);
    assert.equal((await person.run(['login', '--token', world.server.token])).code, 0);
    for (const text of ['{', '[]', '{}', '{"servers":1}']) {
      await writeFile(person.file, text);
      const { code, stderr } = await person.run(['service', 'list']);
      assert.deepEqual([code, /is damaged/.test(stderr)], [1, true], text);
      assert.equal(await readFile(person.file, 'utf8'), text);
    }
  });

  test('users are created, listed, changed and deleted', async t => {
    const person = await newPerson(t, world);
    const admin = { BERTH_TOKEN: world.server.token };
    const run = (args: string[], input?: Input) => person.run(args, input, admin);
    const created = await run(
      ['user', 'create', 'bob', '--role', 'viewer', '--email', 'b@x.org'],
      typed(password),
    );
    assert.equal(
      created.stdout,
      `User bob is there. They log in at ${world.server.url}/login\n`,
      created.stderr,
    );
    const login = { name: 'bob', password };
    const tryLogin = async (body: object) =>
      (await world.api('/berth/v1/login', { token: null, body })).status;
    assert.equal(await tryLogin(login), 200);

    assert.match((await run(['user', 'list'])).stdout, /^bob +viewer +yes +b@x\.org /m);
    const changed = await run(['user', 'change', 'bob', '--role', 'manage', '--disable']);
    assert.equal(changed.stdout, 'User bob is manage, and disabled.\n');
    assert.equal(await tryLogin(login), 403);
    assert.equal((await run(['user', 'change', 'bob', '--enable'])).stdout, 'User bob is manage.\n');
    assert.equal((await run(['user', 'password', 'bob'], typed('another password'))).code, 0);
    assert.equal(await tryLogin(login), 401);
    assert.equal(await tryLogin({ ...login, password: 'another password' }), 200);

    assert.equal((await run(['account', 'create', 'team'])).code, 0);
    assert.equal((await run(['account', 'add', 'team', 'bob'])).code, 0);
    assert.match((await run(['account', 'list'])).stdout, /^team +yes +\S+ +bob$/m);
    assert.equal((await run(['account', 'remove', 'team', 'bob'])).code, 0);
    assert.equal((await run(['account', 'remove', 'team', 'bob'])).code, 1);
    assert.equal((await run(['user', 'delete', 'bob'])).stdout, 'User bob is deleted.\n');
    assert.equal((await run(['user', 'delete', 'bob'])).code, 1);
  });

  test('what makes no sense is refused', async t => {
    const person = await newPerson(t, world);
    const admin = { BERTH_TOKEN: world.server.token };
    const wrong: readonly (readonly [readonly string[], Input | undefined, number])[] = [
      [['user', 'create', 'eve'], undefined, 2],
      [['user', 'create', 'eve'], typed(''), 2],
      [['user', 'create', 'eve'], typed('short'), 1],
      [['user', 'create', 'eve', '--role', 'root'], typed(password), 2],
      [['user', 'create', 'eve'], typedOnTerminal(password, 'another one'), 1],
      [['user', 'change', 'admin'], undefined, 2],
      [['user', 'change', 'admin', '--enable', '--disable'], undefined, 2],
      [['user', 'password', 'nobody'], typed(password), 1],
      [['account', 'add', 'nope', 'nobody'], undefined, 1],
    ];
    for (const [args, input, code] of wrong) {
      const result = await person.run(args, input, admin);
      assert.deepEqual([result.code, result.stdout], [code, ''], args.join(' '));
      assert.match(result.stderr, /^(berth|error): /);
    }
    assert.equal((await world.api('/berth/v1/users')).text.includes('eve'), false);
    const homeless = await runBerth(world.server, ['login', '--token', world.server.token]);
    assert.match(homeless.stderr, /set HOME/);
  });
});

interface Saved {
  readonly current?: string;
  readonly servers: Readonly<Record<string, { readonly token: string }>>;
}

type Env = Readonly<Record<string, string>>;

/** Somebody with a home of their own and no token. */
async function newPerson(t: TestContext, world: World) {
  const home = await mkdtemp(join(tmpdir(), 'berth-home-'));
  t.after(() => rm(home, { recursive: true }));
  const file = join(home, '.config', 'berth', 'credentials.json');
  const own = { HOME: home, XDG_CONFIG_HOME: '', BERTH_TOKEN: '', BERTH_DATA_DIR: home };
  const run = (args: readonly string[], input?: Input, env: Env = {}) =>
    runBerth(world.server, args, { ...own, ...env }, { input });
  return {
    file,
    run,
    saved: async () => JSON.parse(await readFile(file, 'utf8')) as Saved,
    /** @param decide gets the path of the login, and returns what is typed then */
    async logIn(decide: (attempt: string) => Promise<readonly string[]>) {
      const decided = Promise.withResolvers<string[]>();
      const hear = (line: string): void => {
        const [path] = /\/cli-login\/[\w-]{43}/.exec(line) ?? [];
        if (path === undefined) return;
        decide(path).then(lines => decided.resolve([...lines]), decided.reject);
      };
      const line = async () => (await decided.promise).shift();
      const input = { isTerminal: false, line, secret: line };
      return await runBerth(world.server, ['login'], own, { input, hear });
    },
  };
}

/** Lines that are piped in. */
function typed(...lines: string[]): Input {
  const next = async () => lines.shift();
  return { isTerminal: false, line: next, secret: next };
}

function typedOnTerminal(...lines: string[]): Input {
  return { ...typed(...lines), isTerminal: true };
}
