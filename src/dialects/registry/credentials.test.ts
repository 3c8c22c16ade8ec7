import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Principal } from '../../identity/index.ts';
import { Credentials } from './credentials.ts';

const account = { id: 'a', name: 'acct', isAdmin: false, enabled: true, createdAt: new Date() };
const principal = new Principal(account, { tokenId: 'token-id' });
let now = Date.now();

function make(tokens = new Set(['pub.priv.more'])) {
  const authenticate = async (token: string) => (tokens.has(token) ? principal : undefined);
  const clock = { now: () => new Date(now) };
  return { tokens, credentials: new Credentials({ authenticate }, clock) };
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('a token that was exchanged is good for five minutes, in this process', async () => {
  const { credentials } = make();
  const signedIn = await credentials.signIn(basic('acct:pub.priv.more'));
  assert.ok(signedIn);
  const { text, expiresInSeconds } = credentials.issue(signedIn.token, signedIn.caller);
  assert.equal(expiresInSeconds, 300);
  assert.doesNotMatch(text, /priv/);
  assert.deepEqual(await credentials.caller(`Bearer ${text}`), { principal, asAccount: 'acct' });
  assert.equal(await make().credentials.caller(`Bearer ${text}`), undefined);
  now += 299_000;
  assert.ok(await credentials.caller(`Bearer ${text}`));
  now += 1_000;
  assert.equal(await credentials.caller(`Bearer ${text}`), undefined);
});

test('a token that was exchanged dies with the one it stands for', async () => {
  const { credentials, tokens } = make();
  const { text } = credentials.issue('pub.priv.more', { principal });
  assert.ok(await credentials.caller(`bearer ${text}`));
  tokens.clear();
  assert.equal(await credentials.caller(`bearer ${text}`), undefined);
});

test('a token may be given by its two parts, cut at the first dot', async () => {
  const { credentials } = make();
  assert.deepEqual(await credentials.caller(basic('pub:priv.more')), { principal });
  for (const text of ['pub.priv:more', 'other:pub.priv.more', 'pub', ':', '', 'acct:pub:priv']) {
    assert.equal(await credentials.caller(basic(text)), undefined, text);
  }
});
