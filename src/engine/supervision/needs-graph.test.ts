import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  cycleThrough,
  directDependants,
  type NeedsGraph,
  startLevels,
  transitiveDependants,
  transitiveNeeds,
} from './needs-graph.ts';

const graph = (needs: Record<string, string[]>): NeedsGraph => new Map(Object.entries(needs));
const diamond = graph({ db: [], cache: ['db'], queue: ['db'], app: ['cache', 'queue'], other: [] });

test('a cycle is shown from its beginning to its beginning', () => {
  assert.deepEqual(cycleThrough(graph({ a: ['b'], b: ['a'] }), 'b'), ['b', 'a', 'b']);
  assert.deepEqual(cycleThrough(graph({ a: ['a'] }), 'a'), ['a', 'a']);
  assert.deepEqual(cycleThrough(graph({ a: ['x', 'b'], b: ['c'], c: ['a'], x: [] }), 'a'), [
    'a',
    'b',
    'c',
    'a',
  ]);
  assert.equal(cycleThrough(graph({ a: ['b'], b: ['c'], c: ['b'] }), 'a'), undefined);
  assert.equal(cycleThrough(diamond, 'app'), undefined);
});

test('needs and dependants are found over any number of steps', () => {
  assert.deepEqual(transitiveNeeds(diamond, 'app'), new Set(['cache', 'queue', 'db']));
  assert.deepEqual(transitiveDependants(diamond, 'db'), new Set(['cache', 'queue', 'app']));
  assert.deepEqual(directDependants(diamond, 'db'), ['cache', 'queue']);
  assert.deepEqual(transitiveNeeds(diamond, 'other'), new Set());
});

test('levels put everything after what it needs', () => {
  assert.deepEqual(startLevels(diamond, new Set(diamond.keys())), [
    ['db', 'other'],
    ['cache', 'queue'],
    ['app'],
  ]);
  assert.deepEqual(startLevels(diamond, new Set(['app', 'db'])), [['db'], ['app']]);
  assert.deepEqual(startLevels(diamond, new Set()), []);
});

test('levels of any graph keep the order of its needs', () => {
  const edges = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 40 });
  fc.assert(
    fc.property(edges, fc.uniqueArray(fc.nat(11)), (pairs, chosen) => {
      const needs = new Map(Array.from({ length: 12 }, (_, index) => [`u${index}`, [] as string[]]));
      for (const [a, b] of pairs) if (a > b) needs.get(`u${a}`)?.push(`u${b}`);
      const names = new Set(chosen.map(index => `u${index}`));
      const levels = startLevels(needs, names);
      assert.deepEqual(new Set(levels.flat()), names);
      assert.ok(levels.every(level => level.length > 0));
      const levelOf = new Map(levels.flatMap((level, index) => level.map(name => [name, index] as const)));
      for (const name of names) {
        for (const need of transitiveNeeds(needs, name)) {
          if (names.has(need)) assert.ok((levelOf.get(need) ?? 0) < (levelOf.get(name) ?? 0));
        }
      }
    }),
  );
});
