import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../support/index.ts';
import { first } from './sdk.ts';
import type { SdkUser } from './user.ts';

const echo = `const server = require('net').createServer(c => c.pipe(c)).listen(0, '127.0.0.1', function () {
  console.log(String(this.address().port));
})`;

export function portCases(user: SdkUser): void {
  test('a command in a terminal tells which ports it opens and closes', async () => {
    const sprite = await user.sprite();
    const news: { type: string; port: number; address: string; pid: number }[] = [];
    const program = sprite.spawn('node', ['-e', `${echo}; process.stdin.on('data', () => server.close())`], {
      tty: true,
    });
    program.on('message', message => {
      if (String(message.type).startsWith('port_')) news.push(message);
    });
    const [said] = await once(program.stdout, 'data');
    const port = Number(String(said));
    await eventually('the port', () => news.length === 1);
    program.stdin.write('close\n');
    await eventually('its end', () => news.length === 2);
    const pid = news[0]?.pid ?? 0;
    assert.deepEqual(
      news,
      ['port_opened', 'port_closed'].map(type => ({ type, port, address: '127.0.0.1', pid })),
    );
    assert.ok(pid > 0);
    program.kill('SIGKILL');
    await program.wait();
  });

  test('ports are watched, and reached over a proxy', async () => {
    const sprite = await user.sprite();
    const watcher = await sprite.watchPorts();
    assert.equal((await watcher.next())?.type, 'port_list');
    const program = sprite.spawn('node', ['-e', echo]);
    const [said] = await once(program.stdout, 'data');
    const port = Number(String(said));
    await first(watcher, news => news.type === 'port_opened' && news.port === port);
    const [proxy] = await sprite.proxyPorts([{ localPort: 0, remotePort: port }]);
    assert.ok(proxy !== undefined);
    const local = connect(Number(proxy.localAddr()?.split(':')[1]), 'localhost');
    local.write('hello');
    assert.equal(String((await once(local, 'data'))[0]), 'hello');
    local.end();
    await once(local, 'close');
    proxy.close();
    program.kill('SIGKILL');
    await first(watcher, news => news.type === 'port_closed' && news.port === port);
    watcher.close();
  });
}
