import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually } from '../../support/index.ts';
import { all } from './sdk.ts';
import type { SdkUser } from './user.ts';

export function terminalCases(user: SdkUser): void {
  test('a terminal has a size, takes input and is resized', async () => {
    const sprite = await user.shared();
    const shell = sprite.spawn('sh', [], { tty: true, rows: 30, cols: 100 });
    let seen = '';
    // Its prompt stands before the answer where the shell came up after the terminal had taken the line.
    const shows = async (line: string): Promise<boolean> =>
      await eventually(line, () => new RegExp(`^(?:[$#] )?${line}\\r?$`, 'm').test(seen));
    shell.stdout.on('data', chunk => {
      seen += chunk;
    });
    await once(shell, 'spawn');
    shell.stdin.write('stty size\n');
    await shows('30 100');
    shell.resize(132, 43);
    shell.stdin.write('stty size; echo $TERM\n');
    await shows('43 132');
    await shows('xterm-256color');
    shell.stdin.write('exit 0\n');
    assert.equal(await shell.wait(), 0);
    const failing = sprite.spawn('sh', ['-c', 'exit 5'], { tty: true });
    failing.stdout.resume();
    assert.notEqual(await failing.wait(), 0);
  });

  test('a session is left, listed, attached to and killed', async () => {
    const sprite = await user.sprite();
    const command = sprite.createSession('sh', ['-c', 'echo begun; cat'], { rows: 20, cols: 70 });
    let info: { session_id?: string; tty?: boolean; is_owner?: boolean } = {};
    command.on('message', message => {
      if (message.type === 'session_info') info = message;
    });
    const [begun] = await once(command.stdout, 'data');
    assert.match(String(begun), /begun/);
    assert.deepEqual([info.tty, info.is_owner], [true, true]);
    command.wsCmd.close();
    const id = String(info.session_id);
    await eventually('nobody is attached', async () => {
      const [session, ...others] = await sprite.listSessions();
      assert.deepEqual(others, []);
      assert.deepEqual([session?.id, session?.tty], [id, true]);
      assert.match(session?.command ?? '', /sh -c/);
      assert.ok((session?.created.getTime() ?? 0) > 0);
      return session?.isActive === false;
    });

    const again = sprite.attachSession(id);
    let seen = '';
    again.stdout.on('data', chunk => {
      seen += chunk;
    });
    await once(again, 'spawn');
    again.stdin.write('more\n');
    await eventually('the echo', async () => /more\r\n(.|\r|\n)*more/.test(seen));
    const progress = await all(await sprite.killSession(id, 'SIGKILL', '5s'));
    assert.deepEqual(
      progress.map(({ type }) => type),
      ['signal', 'exited', 'complete'],
    );
    assert.equal(progress.at(-1)?.exitCode, 137);
    assert.notEqual(await again.wait(), 0);
    await assert.rejects(sprite.killSession(id), { statusCode: 410 });
    await assert.rejects(sprite.killSession('unknown'), { statusCode: 404 });
    await assert.rejects(sprite.killSession(id, 'NOPE'), { statusCode: 400 });
    assert.deepEqual(await sprite.listSessions(), []);
  });
}
