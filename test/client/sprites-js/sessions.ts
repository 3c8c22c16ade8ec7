import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually } from '../../support/index.ts';
import type { SdkUser } from './user.ts';

export function sessionCases(user: SdkUser): void {
  test('a command without a terminal is left for a while, then ended', async () => {
    const sprite = await user.sprite();
    const command = sprite.spawn('sleep', ['600'], { maxRunAfterDisconnect: '500ms' });
    await once(command, 'spawn');
    assert.equal((await sprite.listSessions()).length, 1);
    command.wsCmd.close();
    await eventually('it is gone', async () => (await sprite.listSessions()).length === 0);
  });
}
