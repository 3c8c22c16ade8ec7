import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveUser } from './users.ts';

const passwd = [
  'root:x:0:0::/root:/bin/sh',
  'app:x:7:8::/:',
  '42:x:9:9::/:',
  'broken',
  'far:x:99999999999:1::/:',
].join('\n');
const group = [
  'root:x:0:root',
  'app:x:8:',
  'staff:x:50:app,other',
  'audio:x:63:root,app',
  'own:x:8:app',
].join('\n');

describe('the user of an image', () => {
  for (const [text, uid, gid, groups] of [
    ['', 0, 0, [63]],
    ['root', 0, 0, [63]],
    ['0', 0, 0, [63]],
    ['app', 7, 8, [50, 63]],
    ['7', 7, 8, [50, 63]],
    ['42', 9, 9, []],
    ['1234', 1234, 0, []],
    ['app:staff', 7, 50, []],
    ['app:99', 7, 99, []],
    ['1234:5678', 1234, 5678, []],
    ['app:', 7, 8, [50, 63]],
  ] as const) {
    test(`"${text}" is ${uid}:${gid} with groups ${groups.join() || 'none'}`, () => {
      assert.deepEqual(resolveUser(text, passwd, group), { uid, gid, groups });
    });
  }

  test('by number needs no files, by name it does', () => {
    assert.deepEqual(resolveUser('5:6', '', ''), { uid: 5, gid: 6, groups: [] });
    assert.deepEqual(resolveUser('', '', ''), { uid: 0, gid: 0, groups: [] });
    assert.throws(() => resolveUser('app', '', ''), /user "app" is not in its \/etc\/passwd/);
    assert.throws(
      () => resolveUser('app:nobody', passwd, group),
      /group "nobody" is not in its \/etc\/group/,
    );
    for (const text of ['far', '4294967295', '-1', 'ä'])
      assert.throws(() => resolveUser(text, passwd, group));
  });
});
