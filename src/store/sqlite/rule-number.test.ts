import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeRuleNumber, highestRuleNumber } from './rule-number.ts';

test('numbers rise as long as there are any, then free ones are given again', () => {
  const all = Array.from({ length: highestRuleNumber }, (_, at) => at + 1);
  const never = () => assert.fail('nobody needs to know');
  assert.equal(freeRuleNumber(2, never), 2);
  assert.equal(freeRuleNumber(highestRuleNumber, never), highestRuleNumber);
  assert.equal(
    freeRuleNumber(highestRuleNumber + 1, () => [1, 2, 4]),
    3,
  );
  assert.equal(
    freeRuleNumber(highestRuleNumber + 1, () => [1, 2]),
    3,
  );
  assert.equal(
    freeRuleNumber(highestRuleNumber + 1, () => []),
    1,
  );
  assert.equal(
    freeRuleNumber(highestRuleNumber + 1, () => all.slice(1)),
    1,
  );
  assert.equal(
    freeRuleNumber(highestRuleNumber + 1, () => all),
    undefined,
  );
});
