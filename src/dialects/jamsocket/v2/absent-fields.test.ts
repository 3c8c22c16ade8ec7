import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutNulls } from './absent-fields.ts';

test('null in an option of a spawn counts as absent, elsewhere it is a value', () => {
  const limits = { resource_limits: { disk_limit_bytes: null, cpu_period: 1 } };
  const executable = { mount: null, env: { A: null }, ...limits };
  const body = { key: 'k', auth: { x: null }, spawn: { tag: null, executable } };
  assert.deepEqual(withoutNulls(body), {
    key: 'k',
    auth: { x: null },
    spawn: { executable: { env: { A: null }, resource_limits: { cpu_period: 1 } } },
  });
  for (const other of [
    undefined,
    null,
    'x',
    [],
    {},
    { spawn: true },
    { spawn: [] },
    { spawn: { executable: 1 } },
  ])
    assert.deepEqual(withoutNulls(other), other);
});
