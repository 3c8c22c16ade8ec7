import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { noBrowser, startBrowser, Visit } from './support/browser.ts';
import { forEachRuntime, type TestBackend } from './support/index.ts';

const skip = noBrowser() ?? false;
/** Pages at a time: a browser is hard work for a small machine. */
const concurrency = 3;

forEachRuntime('the ready page', { runtimes: ['process'], concurrency }, world => {
  let browser: Browser | undefined;

  before(
    async () => {
      if (!skip) browser = await startBrowser();
    },
    { timeout: 90_000 },
  );
  after(async () => await browser?.close());

  /** Opens a URL; in the end it must not have complained, nor asked anybody but this server. */
  const visit = async (t: TestContext, url: string, options?: BrowserContextOptions): Promise<Visit> => {
    assert.ok(browser);
    const visitor = await Visit.start(browser, options);
    t.after(() => visitor.end());
    t.after(() => {
      // What the program's own page lacks is not the matter here.
      const own = visitor.complaints.filter(about => !about.url.includes('.localhost:'));
      assert.deepEqual(own, []);
      for (const request of visitor.requests) {
        assert.match(request, new RegExp(`^http://([a-z0-9]{16}\\.)?localhost:${world.server.port}/|^data:`));
      }
    });
    await visitor.page.goto(url);
    return visitor;
  };

  test('shows the state, then leads to the backend', { skip }, async t => {
    const { backend, open } = await spawnGated(t);
    const { page } = await visit(t, backend.result.ready_url);
    await page.locator('h1', { hasText: 'Starting' }).waitFor();
    assert.equal(await page.locator('.steps .now').textContent(), 'Starting');
    assert.match(await textOf(page), new RegExp(`Backend\\s+${backend.id}`));
    await open('listen');
    await page.waitForURL(backend.result.url);
    assert.equal(await textOf(page), 'here at last: /');
    assert.equal(await page.evaluate('history.length'), 2, 'Back must not lead to the page again');
  });

  test('leads to a backend that is ready already', { skip }, async t => {
    const backend = await world.ready('echo.js');
    const { page } = await visit(t, backend.result.ready_url);
    await page.waitForURL(backend.result.url);
  });

  test('shows how a start failed that it watches', { skip }, async t => {
    const { backend, open } = await spawnGated(t);
    const { page } = await visit(t, backend.result.ready_url);
    await page.locator('h1', { hasText: 'Starting' }).waitFor();
    await open('exit 3');
    await page.locator('h1', { hasText: 'could not be started' }).waitFor();
    assert.match(await textOf(page), /Status\s+ErrorStarting/);
    assert.match(await textOf(page), /Exit code\s+3/);
    assert.equal(page.url(), backend.result.ready_url);
  });

  test('shows how a start failed before, with the reason but without the log', { skip }, async t => {
    const secret = '<b>secret</b>';
    const service = await world.service('exit.js', { args: ['3', secret] });
    const backend = await world.spawn(service);
    await backend.reaches('ErrorStarting');
    const { page } = await visit(t, backend.result.ready_url);
    const text = await textOf(page);
    assert.match(text, /Status\s+ErrorStarting/);
    assert.match(text, /Reason\s+its program ended with an error/);
    assert.match(text, /Exit code\s+3/);
    assert.ok(!(await page.content()).includes('secret'));
  });

  test('shows the end of the log to who has a token, as text', { skip }, async t => {
    const hostile = '</pre><script>document.title = "taken over"</script><img src="http://evil.example/x">';
    const service = await world.service('exit.js', { args: ['1', hostile] });
    const backend = await world.spawn(service, { require_bearer_token: true });
    await backend.reaches('ErrorStarting');
    const { page } = await visit(t, backend.result.ready_url);
    assert.equal(await page.locator('pre').textContent(), hostile);
    assert.doesNotMatch(await page.title(), /taken over/);
  });

  test('shows the last 20 lines of a long log', { skip }, async t => {
    const lines = Array.from({ length: 60 }, (_, n) => `line ${n}`).join('\n');
    const service = await world.service('exit.js', { args: ['1', lines] });
    const backend = await world.spawn(service, { require_bearer_token: true });
    await backend.reaches('ErrorStarting');
    const { page } = await visit(t, backend.result.ready_url);
    const shown = (await page.locator('pre').textContent()) ?? '';
    assert.deepEqual(shown.split('\n'), lines.split('\n').slice(-20));
  });

  test('shows the end of the log within the screen, however long its lines are', { skip }, async t => {
    const service = await world.service('exit.js', { args: ['1', 'a long line '.repeat(50)] });
    const backend = await world.spawn(service, { require_bearer_token: true });
    await backend.reaches('ErrorStarting');
    for (const width of [320, 1_000]) {
      const { page } = await visit(t, backend.result.ready_url, { viewport: { width, height: 700 } });
      const card = await page.locator('main').boundingBox();
      const [left, right] = [card?.x ?? -1, width - (card?.x ?? 0) - (card?.width ?? 0)];
      assert.ok(left >= 0 && Math.abs(left - right) < 2, `${left} px on its left, ${right} px on its right`);
    }
  });

  test('of a backend with a token leads there with the token, and without it nowhere', { skip }, async t => {
    const { backend, open } = await spawnGated(t, { require_bearer_token: true });
    const token = backend.result.bearer_token ?? '';
    const stranger = await visit(t, publicPageOf(backend));
    const { page } = await visit(t, backend.result.ready_url);
    await open('listen');
    await page.waitForURL(`${backend.result.url}${token}/`);
    assert.equal(await textOf(page), 'here at last: /');
    await stranger.page.locator('#state', { hasText: 'Ready' }).waitFor();
    assert.equal(stranger.page.url(), publicPageOf(backend));
    assert.ok(!(await stranger.page.content()).includes(token));
    assert.ok(!stranger.requests.some(url => url.includes(token)));
  });

  test('tells what every end means', { skip }, async t => {
    (await world.api('/user/admin/service', { body: { name: 'no-image' } })).ok();
    const [missing, ended] = await Promise.all([world.spawn('no-image'), world.ready('echo.js')]);
    await ended.terminate();
    for (const [backend, state, headline] of [
      [missing, 'ErrorLoading', /image could not be loaded/],
      [ended, 'Terminated', /was ended/],
    ] as const) {
      const { page } = await visit(t, backend.result.ready_url);
      await page.locator('#state', { hasText: state }).waitFor();
      await page.locator('h1', { hasText: headline }).waitFor();
    }
  });

  test('works in the dark and on a small screen', { skip }, async t => {
    const backend = await world.spawn(await world.service('silent.js'));
    const colours: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const options = { colorScheme, viewport: { width: 320, height: 560 } };
      const { page } = await visit(t, backend.result.ready_url, options);
      colours.push(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
      const overflow = 'document.documentElement.scrollWidth > innerWidth';
      assert.equal(await page.evaluate(overflow), false, 'it is wider than the screen');
    }
    assert.ok(brightness(colours[0]) > 200 && brightness(colours[1]) < 60, colours.join(' and '));
  });

  test('works without script: it asks again, and shows a link', { skip }, async t => {
    const { backend, open } = await spawnGated(t);
    const { page } = await visit(t, backend.result.ready_url, { javaScriptEnabled: false });
    assert.equal(await page.locator('#state').textContent(), 'Starting');
    await open('listen');
    await page.locator('#state', { hasText: 'Ready' }).waitFor();
    await page.locator('a').click();
    await page.waitForURL(backend.result.url);
  });

  test('says so when there is no such backend, or the token is not good', async () => {
    const backend = await world.spawn(await world.service('silent.js'));
    for (const [path, status] of [
      ['/backend/nope/ready', 404],
      [`/ready/nope/${'x'.repeat(43)}/`, 404],
      [`/ready/${backend.id}/${'x'.repeat(43)}/`, 410],
      [`/v1/ready/${backend.id}/x`, 410],
    ] as const) {
      const answer = await world.api(path, { token: null });
      assert.equal(answer.status, status, path);
      assert.match(String(answer.headers['content-type']), /^text\/html/);
      assert.match(answer.text, /<h1>/);
    }
  });

  test('is not kept, not told to others, and lets nothing in from outside', async () => {
    const backend = await world.spawn(await world.service('silent.js'), { require_bearer_token: true });
    for (const url of [publicPageOf(backend), backend.result.ready_url]) {
      const { headers, text } = await world.api(new URL(url).pathname, { token: null });
      assert.match(String(headers['content-type']), /^text\/html/);
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['x-robots-tag'], 'noindex');
      assert.match(String(headers['content-security-policy']), /default-src 'none'.*script-src 'nonce-/);
      assert.match(text, /<meta http-equiv="cache-control" content="no-store">/i);
      assert.doesNotMatch(text, /(?:src|href)="(?!data:|http:\/\/[a-z0-9]+\.localhost)/);
    }
  });

  /** A backend that is starting until it is told what to do. */
  async function spawnGated(t: TestContext, body: object = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'berth-test-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const gate = join(folder, 'gate');
    const backend = await world.spawn(await world.service('gate.js', { args: [gate] }), body);
    return { backend, open: (word: string) => writeFile(gate, word) };
  }

  function publicPageOf({ id }: TestBackend): string {
    return `http://localhost:${world.server.port}/backend/${id}/ready`;
  }
});

async function textOf(page: Page): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: what a person sees is meant
  return await page.locator('body').innerText();
}

/** 0 to 255, of a colour such as `rgb(1, 2, 3)`. */
function brightness(colour = ''): number {
  const parts = [...colour.matchAll(/\d+/g)].slice(0, 3).map(Number);
  return parts.reduce((sum, part) => sum + part, 0) / 3;
}
