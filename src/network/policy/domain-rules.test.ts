import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DomainRule, DomainRules } from './domain-rules.ts';

function rules(...texts: readonly string[]): DomainRules {
  return new DomainRules(
    texts.map((text): DomainRule => {
      const [sign, domain] = [text[0], text.slice(1)];
      return { domain, action: sign === '+' ? 'allow' : 'deny' };
    }),
  );
}

test('what no rule names is denied', () => {
  assert.equal(rules().allows('example.com'), false);
  assert.equal(rules('+example.com').allows('example.org'), false);
  assert.equal(rules('+example.com').allows('www.example.com'), false);
  assert.equal(rules('+*.example.com').allows('example.com'), false);
  assert.equal(rules('+*.example.com').allows('badexample.com'), false);
  assert.equal(rules('-*').allows(''), false);
});

test('the most exact rule decides: the host, then the longest suffix, then everything', () => {
  const some = rules('+*', '-*.com', '+*.example.com', '-www.example.com', '+*.deep.www.example.com');
  assert.equal(some.allows('example.org'), true);
  assert.equal(some.allows('example.com'), false);
  assert.equal(some.allows('api.example.com'), true);
  assert.equal(some.allows('a.b.example.com'), true);
  assert.equal(some.allows('www.example.com'), false);
  assert.equal(some.allows('x.www.example.com'), true);
  assert.equal(some.allows('x.deep.www.example.com'), true);
});

test('of two rules for the same, a denial decides, wherever it stands', () => {
  for (const texts of [
    ['+example.com', '-example.com'],
    ['-example.com', '+example.com'],
  ]) {
    assert.equal(rules(...texts).allows('example.com'), false);
  }
  assert.equal(rules('-*.example.com', '+*.example.com').allows('www.example.com'), false);
  assert.equal(rules('-*', '+*').allows('www.example.com'), false);
});

test('the case of letters is of no matter', () => {
  assert.equal(rules('+Example.COM').allows('eXample.com'), true);
  assert.equal(rules('+*.Example.COM').allows('WWW.example.com'), true);
});

test('the order of rules is of no matter', () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map(labels => labels.join('.'));
  const domain = fc.oneof(
    name,
    name.map(suffix => `*.${suffix}`),
    fc.constant('*'),
  );
  const rule = fc.record({ domain, action: fc.constantFrom('allow' as const, 'deny' as const) });
  fc.assert(
    fc.property(fc.array(rule), name, (list, host) => {
      assert.equal(new DomainRules(list).allows(host), new DomainRules(list.toReversed()).allows(host));
    }),
  );
});
