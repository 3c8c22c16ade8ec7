import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { noBrowser, startBrowser, Visit } from './support/browser.ts';
import { allEvents, forEachRuntime } from './support/index.ts';

const skip = noBrowser() ?? false;
const password = 'correct horse battery';
const settings = { 'login.tries_per_minute': 1_000 };

forEachRuntime('the pages of a login', { runtimes: ['process'], settings, concurrency: 2 }, world => {
  let browser: Browser | undefined;

  before(
    async () => {
      (await world.api('/berth/v1/users', { body: { name: 'ada', password } })).ok();
      if (!skip) browser = await startBrowser();
    },
    { timeout: 180_000 },
  );
  after(async () => await browser?.close());

  /** An empty page; in the end it must not have complained, nor asked anybody but this machine. */
  const visit = async (
    t: TestContext,
    expected: readonly string[] = [],
    options: BrowserContextOptions = {},
  ): Promise<Visit> => {
    assert.ok(browser);
    const visitor = await Visit.start(browser, options);
    t.after(() => visitor.end());
    t.after(() => {
      assert.deepEqual(
        visitor.complaints.map(({ text }) => text),
        expected,
      );
      for (const request of visitor.requests)
        assert.match(request, /^http:\/\/(127\.0\.0\.1|localhost):|^data:/);
    });
    return visitor;
  };
  const begin = async (headers: Record<string, string> = {}): Promise<string> => {
    const answer = await world.api('/cli-login', { token: null, body: {}, headers });
    return answer.ok<{ token: string }>().token;
  };
  const logIn = async ({ page }: Visit): Promise<void> => {
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  };

  test('lead from the URL that a terminal shows to the code that it wants', { skip }, async t => {
    const hostile = '<img src=x onerror=alert(1)>';
    const token = await begin({ 'user-agent': `cli/0.9 ${hostile}`, 'x-user-host': 'laptop' });
    const stream = allEvents(
      await world.server.openApi(`/cli-login/${token}/status/stream`, { token: null }),
    );
    const visitor = await visit(t);
    const { page } = visitor;
    const url = `${world.server.url}/cli-login/${token}`;
    await page.goto(url);
    await logIn(visitor);
    await page.waitForURL(url);
    await page.getByText('act as ada').waitFor();
    const facts = await page.locator('dd').allTextContents();
    assert.deepEqual(facts, ['127.0.0.1', `cli/0.9 ${hostile}`, 'laptop']);
    await page.getByRole('button', { name: 'Approve' }).click();
    const code = (await page.locator('#code').textContent()) ?? '';
    assert.match(code, /^\d{4}$/);
    assert.deepEqual(await stream, [{ data: '{"status":"ok"}' }]);
    await page.reload();
    await page.getByRole('button', { name: 'Show the code' }).click();
    assert.equal(await page.locator('#code').textContent(), code);

    const answer = await world.api(`/cli-login/${token}/complete`, { token: null, body: { code } });
    const session = answer.ok<{ token: string }>();
    assert.equal((await world.api('/auth', { token: session.token })).ok().account, 'ada');
  });

  test('deny', { skip }, async t => {
    const token = await begin();
    const stream = allEvents(
      await world.server.openApi(`/cli-login/${token}/status/stream`, { token: null }),
    );
    const visitor = await visit(t);
    await visitor.page.goto(`${world.server.url}/cli-login/${token}`);
    await logIn(visitor);
    await visitor.page.getByRole('button', { name: 'Deny' }).click();
    await visitor.page.getByText('It was denied.').waitFor();
    assert.equal(await visitor.page.getByRole('button', { name: 'Approve' }).isVisible(), false);
    assert.deepEqual(await stream, [{ data: '{"status":"failed"}' }]);
  });

  test('tell a wrong password, then let in and out', { skip }, async t => {
    const unauthorized = 'Failed to load resource: the server responded with a status of 401 (Unauthorized)';
    const visitor = await visit(t, [unauthorized]);
    const { page } = visitor;
    await page.goto(`${world.server.url}/login`);
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('wrong password');
    await page.keyboard.press('Enter');
    await page.getByText('wrong name or password').waitFor();
    await logIn(visitor);
    await page.getByText('You are logged in as ada').waitFor();
    const cookies = await page.context().cookies();
    assert.deepEqual(
      cookies.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path })),
      [{ httpOnly: true, sameSite: 'Strict', path: '/' }],
    );
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    assert.deepEqual(await page.context().cookies(), []);
  });

  test('know who follows a link of another site', { skip }, async t => {
    const token = await begin();
    const visitor = await visit(t);
    const { page } = visitor;
    await page.goto(`${world.server.url}/login`);
    await logIn(visitor);
    await page.getByText('You are logged in as ada').waitFor();
    const elsewhere = createServer((_, res) => {
      res.setHeader('content-type', 'text/html');
      res.end(`<link rel="icon" href="data:,"><a href="${world.server.url}/cli-login/${token}">link</a>`);
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    t.after(() => elsewhere.close());
    await page.goto(`http://localhost:${(elsewhere.address() as AddressInfo).port}/`);
    await page.getByRole('link').click();
    await page.getByRole('button', { name: 'Approve' }).waitFor();
  });

  test('fit a phone', { skip }, async t => {
    const visitor = await visit(t, [], { viewport: { width: 320, height: 560 } });
    const { page } = visitor;
    await page.goto(`${world.server.url}/cli-login/${await begin({ 'user-agent': 'x'.repeat(200) })}`);
    const isTooWide = () => page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    assert.equal(await isTooWide(), false);
    await logIn(visitor);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.locator('#code').waitFor();
    assert.equal(await isTooWide(), false);
  });
});
