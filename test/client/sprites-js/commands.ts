import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { type CommandResult, outcome } from './sdk.ts';
import type { SdkUser } from './user.ts';

export function commandCases(user: SdkUser): void {
  /** @param expected both outputs, and the exit code */
  async function fails(run: Promise<CommandResult>, expected: [string, string, number]): Promise<void> {
    await assert.rejects(run, error => {
      assert.ok(error instanceof user.sdk.ExecError);
      assert.deepEqual([error.stdout, error.stderr, error.exitCode], expected);
      return true;
    });
  }

  test('exec and execFile bring output and exit code', async () => {
    const sprite = await user.shared();
    const ok = { stdout: 'a b\n', stderr: '', exitCode: 0 };
    assert.deepEqual(await sprite.exec('echo a b'), ok);
    assert.deepEqual(await sprite.execFile('echo', ['a b']), ok);
    assert.deepEqual(await overHttp(() => sprite.execFileHTTP('echo', ['a b'])), ok);
    await fails(sprite.execFile('sh', ['-c', 'echo out; echo err >&2; exit 7']), ['out\n', 'err\n', 7]);
    // Over HTTP it takes frames that arrive together for one: each output by itself.
    const onHttp = (script: string) => overHttp(() => sprite.execFileHTTP('sh', ['-c', script]));
    await fails(onHttp('echo out; exit 7'), ['out\n', '', 7]);
    await fails(onHttp('echo err >&2; exit 7'), ['', 'err\n', 7]);
    await assert.rejects(sprite.execFile('no-such-program'), { exitCode: 127, stderr: /no-such-program/ });
    const bytes = await sprite.execFile('printf', ['\\377\\000'], { encoding: 'buffer' });
    assert.deepEqual(bytes.stdout, Buffer.of(255, 0));
  });

  test('a client that tries the control channel falls back', async () => {
    const { name } = await user.shared();
    const sprite = user.client({ controlMode: true }).sprite(name);
    assert.equal((await sprite.execFile('echo', ['there'])).stdout, 'there\n');
  });

  test('environment and directory', async () => {
    const sprite = await user.shared();
    await sprite.filesystem('/home/sprite').mkdir('elsewhere', { recursive: true });
    const options = { env: { COLOUR: 'blue', EMPTY: '' }, cwd: '/home/sprite/elsewhere' };
    const { stdout } = await sprite.execFile('sh', ['-c', 'pwd; env'], options);
    const [directory, ...env] = stdout.trim().split('\n');
    assert.match(directory ?? '', /\/home\/sprite\/elsewhere$/);
    for (const each of ['COLOUR=blue', 'EMPTY=', 'LANG=C.UTF-8']) assert.ok(env.includes(each), stdout);
    assert.ok(env.some(each => /^PATH=\/.*\/bin/.test(each)));
    const http = await overHttp(() => sprite.execFileHTTP('printenv', ['COLOUR'], options));
    assert.equal(http.stdout, 'blue\n');
    assert.match((await sprite.exec('pwd')).stdout, /\/home\/sprite$/m);
    if (user.isIsolated) assert.equal((await sprite.exec('id -un')).stdout, 'sprite\n');
  });

  test('input is written to a command that runs', async () => {
    const sprite = await user.shared();
    const command = sprite.spawn('cat');
    await once(command, 'spawn');
    command.stdin.write('hel');
    command.stdin.end('lo');
    assert.deepEqual(await outcome(command), { stdout: 'hello', stderr: '', exitCode: 0 });
    assert.equal(command.exitCode(), 0);
    const input = 'x'.repeat(3_000_000);
    const counted = await overHttp(() => sprite.execFileHTTP('wc', ['-c'], { input }));
    assert.equal(counted.stdout.trim(), '3000000');
  });

  test('much output comes whole', async () => {
    const sprite = await user.shared();
    const { stdout } = await sprite.execFile('sh', ['-c', 'seq 1 200000'], {});
    assert.equal(stdout, `${Array.from({ length: 200_000 }, (_, n) => n + 1).join('\n')}\n`);
  });

  test('signals reach a command', async () => {
    const sprite = await user.shared();
    const trapping = sprite.spawn('sh', [
      '-c',
      'trap "exit 9" USR1; echo ready; while :; do sleep 0.1; done',
    ]);
    await once(trapping.stdout, 'data');
    trapping.signal('USR1');
    assert.equal(await trapping.wait(), 9);
    for (const [signal, code] of [
      [undefined, 143],
      ['SIGKILL', 137],
    ] as const) {
      const sleeping = sprite.spawn('sleep', ['60']);
      await once(sleeping, 'spawn');
      sleeping.kill(signal);
      assert.equal(await sleeping.wait(), code);
    }
  });
}

/**
 * Over HTTP the library takes for a frame what it reads at once, as its documentation says: while it is busy with
 * something else, two frames may be one to it.
 */
async function overHttp(run: () => Promise<CommandResult>): Promise<CommandResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === 20 || !/exit frame|chunk boundaries/.test(String(error))) throw error;
    }
  }
}
