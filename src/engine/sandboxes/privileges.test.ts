import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeRuntime } from '../testing/fake-runtime.ts';
import { checkPrivileges, grantedPrivileges } from './privileges.ts';

const runtime = new FakeRuntime();

test('what gets out of isolation is only asked for where it is allowed', () => {
  for (const wanted of [
    { profile: 'privileged' as const },
    { devices: ['null', 'kvm'] },
    { devices: ['/dev/kvm'] },
  ]) {
    assert.throws(() => checkPrivileges(wanted, runtime, false), { code: 'invalid' });
    checkPrivileges(wanted, runtime, true);
  }
  checkPrivileges(
    { profile: 'minimal', devices: ['null', '/dev/tty'], noNewPrivileges: false },
    runtime,
    false,
  );
});

test('a device is below /dev, by a plain path', () => {
  for (const device of [
    '',
    '/',
    '/dev',
    '/dev/',
    '..',
    '../x',
    'a/../b',
    './a',
    '/etc/x',
    'a//b',
    'a\0',
    'x'.repeat(65),
  ]) {
    assert.throws(() => checkPrivileges({ devices: [device] }, runtime, true), { code: 'invalid' }, device);
  }
});

test('a boot gets what was asked for, but not what is not allowed any more', () => {
  const wanted = {
    profile: 'privileged' as const,
    devices: ['null', '/dev/net/tun', 'net/tun'],
    noNewPrivileges: false,
  };
  assert.deepEqual(grantedPrivileges(wanted, true), {
    capabilities: 'all',
    setUserId: true,
    devices: ['/dev/net/tun'],
  });
  assert.deepEqual(grantedPrivileges(wanted, false), { setUserId: true });
  assert.deepEqual(grantedPrivileges({ profile: 'minimal', noNewPrivileges: true }, false), {
    capabilities: 'none',
  });
  assert.deepEqual(grantedPrivileges({}, true), {});
});
