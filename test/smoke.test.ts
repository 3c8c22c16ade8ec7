import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachRuntime } from './support/index.ts';

forEachRuntime('smoke', { settings: { 'jamsocket.startup_timeout_seconds': 2 } }, world => {
  test('echo', async () => {
    const b = await world.ready('echo.js');
    const a = await b.request('/x?y');
    assert.equal(a.json().url, '/x?y');
    assert.equal((await b.terminate()).status, 200);
    console.log(await b.states(), await b.log());
  });
  test('ws', async () => {
    const b = await world.ready('websocket.js');
    const s = await b.webSocket();
    s.send('hi');
    const m = await new Promise(r => s.once('message', d => r(String(d))));
    assert.equal(m, 'hi');
    s.close();
  });
  test('exit', async () => {
    const b = await world.spawn(await world.service('exit.js', {args: ['3']}));
    console.log(await b.states(), await b.log());
  });
  test('silent', async () => {
    const b = await world.spawn(await world.service('silent.js'));
    console.log(await b.states(), await b.log());
  });
});
