import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { networkLimits } from '../limits.ts';
import { outcomes, recordTypes } from './dns-message.ts';
import type { Found } from './name-source.ts';
import { grantSeconds, Policies } from './policies.ts';
import type { Grant } from './policy-sets.ts';

const workload = '10.0.0.2';
const allow = (domain: string) => ({ domain, action: 'allow' as const });

/** Sets of the packet filter that forget by a clock of their own. */
class FakeSets {
  now = 0;
  readonly marks = new Map<string, string>();
  readonly until = new Map<string, number>();
  readonly runs: Grant[][] = [];
  granting: Promise<void> = Promise.resolve();

  async policed() {
    return new Map(this.marks);
  }

  async reachable(from: string) {
    return [...this.until.keys()].flatMap(pair =>
      pair.startsWith(`${from} `) ? [pair.split(' ')[1] ?? ''] : [],
    );
  }

  async police(from: string, mark: string, taken: readonly string[]) {
    this.marks.set(from, mark);
    await this.take(from, taken);
  }

  async release(from: readonly string[]) {
    for (const one of from) this.marks.delete(one);
  }

  async take(from: string, taken: readonly string[]) {
    for (const address of taken) this.until.delete(`${from} ${address}`);
  }

  async grant(grants: readonly Grant[]) {
    await this.granting;
    this.runs.push([...grants]);
    for (const grant of grants) {
      this.until.set(`${grant.workload} ${grant.address}`, this.now + grant.seconds * 1_000);
    }
  }
}

function makeWorld(known: Record<string, Partial<Found>> = {}) {
  const sets = new FakeSets();
  const asked: string[] = [];
  const names = {
    async find(name: string): Promise<Found> {
      asked.push(name);
      return { outcome: outcomes.fine, addresses: [], records: [], ...known[name] };
    },
  };
  const policies = new Policies({ sets, names, now: () => sets.now });
  const ask = (name: string, type: number = recordTypes.A, of = 1) =>
    policies.answer(workload, {
      id: 1,
      name,
      type,
      class: of,
      recursionDesired: true,
      maxBytes: 512,
      edns: false,
    });
  return { sets, policies, ask, asked };
}

const found = (address: string, ttl: number) => ({ addresses: [{ address, ttl }] });

describe('policies', () => {
  test('grant an address for as long as its answer is good, a minute at least', async () => {
    const { sets, policies, ask } = makeWorld({ short: found('1.1.1.1', 5), long: found('1.1.1.2', 300) });
    await policies.set(workload, [allow('*')]);
    assert.deepEqual((await ask('short')).records[0]?.ttlSeconds, 5);
    await ask('long');
    assert.deepEqual(
      sets.runs.flat().map(({ address, seconds }) => [address, seconds]),
      [
        ['1.1.1.1', 60],
        ['1.1.1.2', 300],
      ],
    );
    assert.deepEqual([0, 60, 61, 1e9].map(grantSeconds), [60, 60, 61, 86_400]);
  });

  test('grant an address anew only when its time would be longer', async () => {
    const { sets, policies, ask } = makeWorld({ name: found('1.1.1.1', 100) });
    await policies.set(workload, [allow('name')]);
    await ask('name');
    await ask('name');
    assert.equal(sets.runs.flat().length, 1);
    sets.now = 1_000;
    await ask('name');
    assert.equal(sets.runs.flat().length, 2);
    assert.equal(sets.until.get(`${workload} 1.1.1.1`), 101_000);
  });

  test('refuse without asking anybody: who has no policy, a name that is not allowed, another class', async () => {
    const { policies, ask, asked } = makeWorld();
    assert.equal((await ask('name')).outcome, outcomes.refused);
    await policies.set(workload, [allow('name')]);
    assert.equal((await ask('other')).outcome, outcomes.refused);
    assert.equal((await ask('name', recordTypes.A, 3)).outcome, outcomes.refused);
    assert.deepEqual(asked, []);
  });

  test('leave out addresses that are not public, and refuse where there is no other', async () => {
    const { sets, policies, ask } = makeWorld({
      mixed: { addresses: ['10.0.0.1', '1.1.1.1'].map(address => ({ address, ttl: 60 })) },
      inner: found('169.254.169.254', 60),
    });
    await policies.set(workload, [allow('*')]);
    assert.equal((await ask('mixed')).records.length, 1);
    assert.deepEqual(await sets.reachable(workload), ['1.1.1.1']);
    assert.equal((await ask('inner')).outcome, outcomes.refused);
  });

  test('pass on that there is no such name, or that nobody knows', async () => {
    const { policies, ask } = makeWorld({
      none: { outcome: outcomes.noSuchName },
      broken: { outcome: outcomes.serverFailure },
    });
    await policies.set(workload, [allow('*')]);
    assert.equal((await ask('none')).outcome, outcomes.noSuchName);
    assert.equal((await ask('broken')).outcome, outcomes.serverFailure);
    assert.equal((await ask('empty')).outcome, outcomes.fine);
  });

  test('grant nothing for a name that is denied while its answer is on its way', async () => {
    const { sets, policies, ask } = makeWorld({ first: found('1.1.1.1', 60), second: found('1.1.1.2', 60) });
    await policies.set(workload, [allow('*')]);
    const gate = Promise.withResolvers<void>();
    sets.granting = gate.promise;
    const first = ask('first');
    const changed = policies.set(workload, [allow('first')]);
    const second = ask('second');
    gate.resolve();
    await changed;
    assert.equal((await first).outcome, outcomes.fine);
    assert.equal((await second).outcome, outcomes.refused);
    assert.deepEqual(await sets.reachable(workload), ['1.1.1.1']);
  });

  test('keep an address by a change as long as one of its names is allowed', async () => {
    const { sets, policies, ask } = makeWorld({ a: found('1.1.1.1', 60), b: found('1.1.1.1', 60) });
    await policies.set(workload, [allow('a'), allow('b')]);
    await Promise.all([ask('a'), ask('b')]);
    await policies.set(workload, [allow('b')]);
    assert.deepEqual(await sets.reachable(workload), ['1.1.1.1']);
    await policies.set(workload, [allow('c')]);
    assert.deepEqual(await sets.reachable(workload), []);
  });

  test('that an earlier server has left go on when they are the same, and cut when they are not', async () => {
    const { sets, policies } = makeWorld();
    await policies.set(workload, [allow('a')]);
    await policies.set('10.0.0.3', [allow('a')]);
    sets.until.set(`${workload} 1.1.1.1`, 1);
    const next = new Policies({ sets, names: { find: () => assert.fail() } });
    await next.recover([workload]);
    assert.deepEqual([...sets.marks.keys()], [workload]);
    assert.equal(next.has(workload), false);
    await next.set(workload, [allow('a')]);
    assert.deepEqual(await sets.reachable(workload), ['1.1.1.1']);
    await next.set(workload, [allow('b')]);
    assert.deepEqual(await sets.reachable(workload), []);
  });

  test('hold no more addresses than they may; those that are over make room', async () => {
    const { sets, policies, ask } = makeWorld(
      Object.fromEntries(
        Array.from({ length: networkLimits.maxGrants + 1 }, (_, i) => [
          `n${i}`,
          found(`1.1.${i >> 8}.${i & 255}`, 60),
        ]),
      ),
    );
    await policies.set(workload, [allow('*')]);
    for (let i = 0; i < networkLimits.maxGrants; i++) await ask(`n${i}`);
    const last = `n${networkLimits.maxGrants}`;
    assert.equal((await ask(last)).outcome, outcomes.refused);
    assert.equal((await ask('n0')).outcome, outcomes.fine);
    sets.now = 61_000;
    assert.equal((await ask(last)).outcome, outcomes.fine);
  });

  test('answer only so many questions of one workload at a time', async () => {
    const sets = new FakeSets();
    const gate = Promise.withResolvers<Found>();
    const policies = new Policies({ sets, names: { find: () => gate.promise } });
    await policies.set(workload, [allow('*')]);
    const question = {
      id: 1,
      name: 'a',
      type: 1,
      class: 1,
      recursionDesired: true,
      maxBytes: 512,
      edns: false,
    };
    const open = Array.from({ length: networkLimits.maxOpenQuestions }, () =>
      policies.answer(workload, question),
    );
    assert.equal((await policies.answer(workload, question)).outcome, outcomes.serverFailure);
    gate.resolve({ outcome: outcomes.fine, addresses: [], records: [] });
    for (const answer of await Promise.all(open)) assert.equal(answer.outcome, outcomes.fine);
  });
});
