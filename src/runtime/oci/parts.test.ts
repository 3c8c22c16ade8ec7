import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Slots, Turns } from '../../lib/turns.ts';
import { cgroupLayout, missingControllers } from './cgroups.ts';
import { EventFeed } from './event-feed.ts';
import { isAtLeast } from './kernel.ts';
import { meantExitCode } from './main-process.ts';
import { seccompProfile } from './seccomp.ts';
import { startError } from './start-errors.ts';

describe('start errors', () => {
  const cases = {
    'exec: "foo": executable file not found in $PATH': 'command not found: foo',
    'exec: "/x/y": stat /x/y: no such file or directory': 'command not found: /x/y',
    'exec: "/etc": permission denied': 'command is not executable: /etc',
    'executable file `foo` not found in $PATH': 'command not found: foo',
    'chdir to cwd ("/nope") set in config.json failed: no such file or directory':
      "the working directory /nope can't be entered",
    'can not open /var/lib/berth/oci/bundles/a': 'the program could not be started: can not open …/bundles/a',
  };
  for (const [said, shown] of Object.entries(cases)) {
    test(`${said} is told as: ${shown}`, () => {
      const error = startError(`runc create failed: unable to start: ${said}\n`, '/var/lib/berth/oci');
      assert.equal(error.code, 'start-error');
      assert.ok(error.message.endsWith(shown.replace('the program could not be started: ', '')));
    });
  }
});

describe('the system call filter', () => {
  const profile = seccompProfile('x64', []);
  const names = new Set(profile.syscalls.filter(rule => !rule.args).flatMap(rule => rule.names));

  test('lets in what programs need and refuses what opens the kernel', () => {
    for (const name of ['read', 'openat2', 'epoll_pwait', 'accept4', 'execve', 'futex', 'arch_prctl']) {
      assert.ok(names.has(name), name);
    }
    const refused = [
      'mount',
      'umount2',
      'unshare',
      'setns',
      'bpf',
      'init_module',
      'kexec_load',
      'reboot',
      'keyctl',
    ];
    for (const name of [
      ...refused,
      'io_uring_setup',
      'userfaultfd',
      'perf_event_open',
      'open_by_handle_at',
    ]) {
      assert.ok(!names.has(name), name);
    }
    assert.equal(profile.defaultAction, 'SCMP_ACT_ERRNO');
  });

  test('lets no name in twice', () => {
    const all = profile.syscalls.filter(rule => !rule.args).flatMap(rule => rule.names);
    assert.equal(all.length, names.size);
  });

  test('is refused where none is known', () => {
    assert.throws(() => seccompProfile('mips', []), /mips/);
  });
});

describe('the layout of control groups', () => {
  async function layout(mounts: readonly string[]) {
    const folder = await mkdtemp(join(tmpdir(), 'berth-cgroups-'));
    await writeFile(join(folder, 'mountinfo'), mounts.join('\n'));
    const found = await cgroupLayout(join(folder, 'mountinfo'));
    await rm(folder, { recursive: true });
    return found;
  }

  test('v1 and hybrid machines have a hierarchy for each controller', async () => {
    const found = await layout([
      '31 23 0:28 / /sys/fs/cgroup rw shared:9 - tmpfs tmpfs rw',
      '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct',
      '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
      '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    ]);
    assert.equal(found.unified, false);
    assert.equal(found.controllers.get('cpuacct'), '/sys/fs/cgroup/cpu,cpuacct');
    assert.equal(found.hierarchies.length, 4);
    assert.deepEqual(missingControllers(found), []);
  });

  test('v2 machines have one for all', async () => {
    const found = await layout([
      '31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate',
    ]);
    assert.equal(found.unified, true);
    assert.deepEqual(found.hierarchies, ['/sys/fs/cgroup']);
  });

  test('a machine without says what is missing', async () => {
    assert.deepEqual(missingControllers(await layout([])), ['memory', 'pids', 'cpu', 'cpuacct']);
  });
});

describe('an event feed', () => {
  test('gives each listener all events from then on, until its signal', async () => {
    const feed = new EventFeed<number>();
    const abort = new AbortController();
    const seen: number[] = [];
    feed.emit(0);
    const listening = feed.listen(abort.signal);
    feed.emit(1);
    const task = (async () => {
      for await (const event of listening) seen.push(event);
    })();
    await turn();
    feed.emit(2);
    await turn();
    abort.abort();
    await task;
    feed.emit(3);
    assert.deepEqual(seen, [1, 2]);
  });

  test('that closes lets listeners read what came before', async () => {
    const feed = new EventFeed<number>();
    const listening = feed.listen(new AbortController().signal);
    feed.emit(1);
    feed.close();
    assert.deepEqual(await Array.fromAsync(listening), [1]);
  });
});

describe('turns and slots', () => {
  test('tasks of one key follow each other, those of others do not wait', async () => {
    const turns = new Turns();
    const gate = Promise.withResolvers<void>();
    const order: string[] = [];
    const first = turns.run('a', async () => {
      await gate.promise;
      order.push('first');
      throw new Error('failed');
    });
    const second = turns.run('a', async () => order.push('second'));
    await turns.run('b', async () => order.push('other'));
    gate.resolve();
    await assert.rejects(first, /failed/);
    await second;
    assert.deepEqual(order, ['other', 'first', 'second']);
  });

  test('no more tasks run at once than there are slots', async () => {
    const slots = new Slots(2);
    let running = 0;
    let most = 0;
    const task = async () => {
      most = Math.max(most, ++running);
      await turn();
      running--;
    };
    await Promise.all(Array.from({ length: 10 }, () => slots.run(task)));
    assert.equal(most, 2);
  });
});

test('an exit by SIGKILL that stood for another signal has the code of that', () => {
  assert.equal(meantExitCode(137, 15), 143);
  assert.equal(meantExitCode(137, undefined), 137);
  assert.equal(meantExitCode(0, 15), 0);
});

test('kernel releases are compared by their numbers', () => {
  assert.equal(isAtLeast('6.1.0-18-amd64', 5, 10), true);
  assert.equal(isAtLeast('5.4.0-150-generic', 5, 10), false);
  assert.equal(isAtLeast('5.10', 5, 10), true);
});
