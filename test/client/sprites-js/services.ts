import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/index.ts';
import { all, first } from './sdk.ts';
import type { SdkUser } from './user.ts';

const script = 'trap "echo hup" HUP; echo up; echo bad >&2; while :; do sleep 0.1; done';

export function serviceCases(user: SdkUser): void {
  test('services are made, described, stopped, started, restarted, signalled and deleted', async () => {
    const sprite = await user.sprite();
    assert.deepEqual(await sprite.listServices(), []);
    const made = await all(await sprite.createService('web', { cmd: 'sh', args: ['-c', script] }, '2s'));
    assert.deepEqual([made[0]?.type, made.at(-1)?.type], ['started', 'complete']);
    assert.equal(made.at(-1)?.logFiles?.combined, '/.sprite/logs/services/web.log');
    const said = (type: string) => made.flatMap(event => (event.type === type ? [event.data] : [])).join('');
    assert.deepEqual([said('stdout'), said('stderr')], ['up\n', 'bad\n']);
    const web = await sprite.getService('web');
    assert.deepEqual([web.cmd, web.needs, web.httpPort, web.state.status], ['sh', [], null, 'running']);

    const following = await sprite.getServiceLogs('web', { lines: 0, duration: '1m' });
    const heard = first(following, ({ data }) => data === 'hup\n');
    let isOver = false;
    void heard.finally(() => {
      isOver = true;
    });
    await eventually('the signal', async () => {
      await sprite.signalService('web', 'HUP');
      return isOver;
    });
    await heard;
    following.close();

    const types = async (events: Promise<AsyncIterable<{ type: string }>>) =>
      (await all(await events)).map(({ type }) => type).filter(type => !type.startsWith('std'));
    assert.deepEqual(await types(sprite.stopService('web', '5s')), ['stopping', 'stopped', 'complete']);
    assert.equal((await sprite.getService('web')).state.status, 'stopped');
    await assert.rejects(sprite.stopService('web'), /409|not running/);
    assert.deepEqual(await types(sprite.startService('web', '500ms')), ['started', 'complete']);
    const again = ['stopping', 'stopped', 'started', 'complete'];
    assert.deepEqual(await types(sprite.restartService('web', '500ms')), again);
    const needy = { cmd: 'sleep', args: ['1000'], needs: ['web'], httpPort: 3000 };
    await all(await sprite.createService('app', needy, '500ms'));
    assert.deepEqual(
      (await sprite.listServices()).map(({ name, httpPort }) => [name, httpPort]),
      [
        ['app', 3000],
        ['web', null],
      ],
    );
    await assert.rejects(sprite.deleteService('web'), /app/);
    await sprite.deleteService('app');
    await sprite.deleteService('web');
    await assert.rejects(sprite.getService('web'), /not found/i);
  });
}
