import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkloadHosts } from './host.ts';

const cases: [host: string | undefined, id: string | undefined][] = [
  ['abc.berth.test', 'abc'],
  ['ABC.Berth.TEST:8080', 'abc'],
  ['abc.berth.test.', 'abc'],
  ['abc.berth.test.:80', 'abc'],
  ['a-1.berth.test', 'a-1'],
  ['abc.berth.test:', 'abc'],
  ['berth.test', undefined],
  ['.berth.test', undefined],
  ['a.b.berth.test', undefined],
  ['abcberth.test', undefined],
  ['abc.berth.test.evil.test', undefined],
  ['-a.berth.test', undefined],
  ['a_b.berth.test', undefined],
  ['a b.berth.test', undefined],
  ['abc.berth.test..', undefined],
  ['abc.berth.test:80:80', undefined],
  ['user@abc.berth.test', undefined],
  ['[::1]:80', undefined],
  [`${'a'.repeat(64)}.berth.test`, undefined],
  ['', undefined],
  [undefined, undefined],
];

for (const [host, id] of cases) {
  test(`${host} names ${id ?? 'no workload'}`, () => {
    assert.equal(new WorkloadHosts('Berth.test').idOf(host), id);
  });
}
