import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { age } from './age.ts';
import { factLines, tableLines } from './table.ts';

const columns = [
  { title: 'name', value: (row: string[]) => row[0] ?? '' },
  { title: 'state', value: (row: string[]) => row[1] ?? '', style: () => 'green' as const },
  { title: 'lock', value: (row: string[]) => row[2] ?? '' },
];

test('columns are as wide as their widest cell and lines have no trailing blanks', () => {
  const rows = [
    ['a-long-name', 'Ready', ''],
    ['b', 'Loading', 'doc 1'],
  ];
  assert.deepEqual(tableLines(rows, columns, false), [
    'NAME         STATE    LOCK',
    'a-long-name  Ready',
    'b            Loading  doc 1',
  ]);
});

test('colours change no widths', () => {
  const rows = [['a', 'Ready', 'x']];
  const plain = tableLines(rows, columns, true).map(stripVTControlCharacters);
  assert.deepEqual(plain, tableLines(rows, columns, false));
  assert.ok(tableLines(rows, columns, true)[1]?.includes('\u001b[32mReady'));
});

test('facts that are not known are left out', () => {
  const facts = [
    ['Backend', 'abc'],
    ['Lock', undefined],
    ['Image', 'x'],
  ] as const;
  assert.deepEqual(factLines(facts, false), ['Backend  abc', 'Image    x']);
});

test('an age is told in its largest unit', () => {
  const now = Date.parse('2024-09-01T12:00:00.000Z');
  assert.equal(age('2024-09-01T11:59:59.900Z', now), 'now');
  assert.equal(age('2024-09-01T11:59:30.000Z', now), '30 s ago');
  assert.equal(age('2024-09-01T10:00:00.000Z', now), '2 h ago');
  assert.equal(age('2024-09-03T12:00:00.000Z', now), 'in 2 d');
  assert.equal(age('nonsense', now), 'nonsense');
});
