import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, startBrowser, Visit } from '../support/browser.ts';
import { forEachRuntime, TestBackend } from '../support/index.ts';
import { AppServer } from './app-server.ts';
import { InstalledClients } from './installed.ts';

const clients = await InstalledClients.find('npm');
const skip = noBrowser() ?? clients.skip;

interface Connected {
  readonly backend_id: string;
  readonly url: string;
  readonly status_url: string;
}

/** What the page does stands in `page/protocol.js`. */
forEachRuntime('a page of another origin', { runtimes: ['oci'] }, world => {
  let app: AppServer;
  let browser: Browser;
  let page: Page;

  before(
    async () => {
      if (skip) return;
      app = await AppServer.start(
        world.server,
        clients.path('node_modules/socket.io-client/dist/socket.io.min.js'),
      );
      browser = await startBrowser();
      ({ page } = await Visit.start(browser));
      await page.goto(app.url);
      await page.waitForFunction('window.protocol !== undefined');
    },
    { timeout: 90_000 },
  );
  after(async () => {
    await browser?.close();
    await app?.stop();
  });

  test('follows the states of version 2 until its backend is ready, and to its end', { skip }, async () => {
    const { backend_id: id, status_url: url } = await connect(await world.service('echo.js'));
    const toReady = ['scheduled', 'loading', 'starting', 'waiting', 'ready'];
    assert.deepEqual(await call('statesByFetch', url, 'ready'), toReady);
    assert.deepEqual(await call('statesByEventSource', url, 'ready'), toReady);
    const toEnd = call('statesByEventSource', url, 'terminated');
    await TestBackend.withId(world.server, id).terminate();
    assert.deepEqual(await toEnd, [...toReady, 'terminating', 'terminated']);
    assert.deepEqual(await call('statesByFetch', url, 'terminated'), await toEnd);
    assert.equal(await call('ends', url), true);
    const { status } = (await call('status', url)) as { status: string };
    assert.equal(status, 'terminated');
  });

  test('follows the states of version 1', { skip }, async () => {
    const { id, result } = await world.spawn(await world.service('echo.js'));
    const toReady = ['Loading', 'Starting', 'Ready'];
    assert.deepEqual(await call('statesByFetch', result.status_url, 'Ready'), toReady);
    assert.deepEqual(await call('statesByEventSource', result.status_url, 'Ready'), toReady);
    const now = (await call('status', result.status_url)) as { state: string; backend: string };
    assert.deepEqual([now.state, now.backend], ['Ready', id]);
    await assert.rejects(call('status', result.status_url.replace(id, 'a'.repeat(16))), /404: .*NotFound/);
  });

  test('asks its backend at once, before it is ready, by path and token', { skip }, async () => {
    const { url } = await connect(await world.service('echo.js'), { user: 'bob' });
    const { status, body } = (await call('ask', `${url}room?n=1`)) as {
      status: number;
      body: { method: string; url: string; body: string; headers: Record<string, string> };
    };
    assert.deepEqual([status, body.method, body.url, body.body], [200, 'PUT', '/room?n=1', 'hello']);
    assert.equal(body.headers['x-own'], '1');
    assert.equal(body.headers['x-verified-username'], 'bob');
  });

  test('talks over a WebSocket under the token', { skip }, async () => {
    const { url } = await connect(await world.service('websocket.js'));
    assert.equal(await call('overWebSocket', `${url}chat`, 'Zoë 🚢'), 'Zoë 🚢');
  });

  test('talks over Socket.IO under the token, polling first', { skip }, async () => {
    const service = await socketIoService();
    const { url } = await connect(service, { user: 'bob' });
    assert.deepEqual(await call('overSocketIo', url, 'hello'), {
      reply: 'bob said hello',
      transport: 'websocket',
    });
    for (const transport of ['polling', 'websocket']) {
      const options = { transports: [transport] };
      const expected = { reply: 'bob said hello', transport };
      assert.deepEqual(await call('overSocketIo', url, 'hello', options), expected);
    }
    const open = await world.spawn(service);
    assert.deepEqual(await call('overSocketIo', open.result.url, 'hello'), {
      reply: 'somebody said hello',
      transport: 'websocket',
    });
  });

  /** Calls one of the page's functions there. */
  async function call(name: string, ...args: readonly unknown[]): Promise<unknown> {
    const list = args.map(argument => JSON.stringify(argument)).join(', ');
    return await page.evaluate(`protocol.${name}(${list})`);
  }

  async function connect(service: string, body: object = {}): Promise<Connected> {
    return (await call('connect', service, body)) as Connected;
  }

  /** Its folder has the packages; the program is given as text, since it is not among them. */
  async function socketIoService(): Promise<string> {
    const program = await readFile(join(import.meta.dirname, 'page/socket-io-server.cjs'), 'utf8');
    const body = { name: 'socket-io', command: 'node', args: ['-e', program], dir: clients.path() };
    (await world.api('/user/admin/service', { body })).ok();
    return body.name;
  }
});
