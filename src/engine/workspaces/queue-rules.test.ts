import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  AccessRule,
  InstanceOptions,
  QueueTarget,
  WorkspaceDeployment,
  WorkspaceReservation,
} from '../../store/store.ts';
import { knowsOf, mayInstantiate } from './access-policy.ts';
import { type AdmissionRequest, decideAdmission } from './admission.ts';
import { nextHandOver } from './hand-over.ts';
import { outlookOf } from './outlook.ts';
import { type QueueState, queueLength, type Slot } from './queue-state.ts';

const now = new Date('2026-05-01T12:00:00Z');
const limits = { maxActivePerAccount: 0, maxReservationsPerAccount: 0 };
const terms = { ...limits, now, hasVpn: () => false };
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1_000);

interface SlotFacts extends Partial<WorkspaceDeployment> {
  /** Who has it, and until when. */
  readonly user?: string;
  readonly until?: Date;
  readonly offline?: true;
  /** Subjects, those that are kept out with `!` before them. */
  readonly rules?: readonly string[];
}

function slot(id: string, { user, until, offline, rules = [], ...facts }: SlotFacts = {}): Slot {
  const deployment: WorkspaceDeployment = {
    id,
    type: 'lab',
    typeVersion: 1,
    kind: 'local',
    description: '',
    region: '',
    owner: { id: 'owner', name: 'owner' },
    isHidden: false,
    deniesByDefault: false,
    isLocked: false,
    finishedCount: 0,
    failuresInARow: 0,
    createdAt: now,
    ...facts,
  };
  const active = user !== undefined && {
    id: `of-${user}`,
    deploymentId: id,
    account: { id: user, name: user },
    status: 'ready' as const,
    options: {},
    wasReserved: false,
    startedAt: now,
    ...(until && { expiresAt: until }),
  };
  return {
    deployment,
    rules: rules.map((subject, at) => rule(id, at + 1, subject)),
    isOnline: !offline,
    ...(active && { active }),
  };
}

function rule(deploymentId: string, number: number, subject: string): AccessRule {
  const allows = !subject.startsWith('!');
  return { deploymentId, number, subject: subject.replace('!', ''), allows, createdAt: now };
}

const ofType: QueueTarget = { kind: 'type', type: 'lab' };
const one = (id: string): QueueTarget => ({ kind: 'one', ids: [id] });
const list = (...ids: string[]): QueueTarget => ({ kind: 'list', ids });

let seq = 0;

function waits(
  name: string,
  target = ofType,
  options: InstanceOptions = {},
  expiresAt?: Date,
): WorkspaceReservation {
  seq += 1;
  return {
    id: `r-${name}`,
    seq,
    account: { id: name, name, enabled: true },
    target,
    options,
    isExempt: false,
    createdAt: now,
    ...(expiresAt && { expiresAt }),
  };
}

function state(slots: readonly Slot[], ...reservations: WorkspaceReservation[]): QueueState {
  return { slots, reservations };
}

function ask(
  of: QueueState,
  more: Partial<AdmissionRequest> = {},
  changed: Partial<typeof terms> = {},
): string {
  const request: AdmissionRequest = {
    account: { id: 'ada', name: 'ada' },
    accounts: ['ada'],
    isExempt: false,
    target: ofType,
    options: {},
    waits: false,
    joinsOwn: false,
    ...more,
  };
  const decision = decideAdmission(of, request, { ...terms, ...changed });
  if (decision.kind === 'refused') return decision.reason;
  return decision.kind === 'starts' ? `starts in ${decision.deployment.id}` : decision.kind;
}

function next(of: QueueState, changed: Partial<typeof limits> = {}): string | undefined {
  const found = nextHandOver(of, { ...limits, ...changed }, now);
  return found && `${found.reservation.account.name} in ${found.slot.deployment.id}`;
}

test('the most exact rule decides, whoever owns the deployment', () => {
  const may = (name: string | undefined, rules: string[], deniesByDefault = false) =>
    mayInstantiate(
      { deniesByDefault },
      rules.map((subject, at) => rule('d', at, subject)),
      { name, isExempt: false },
    );
  assert.equal(may('ada', []), true);
  assert.equal(may('ada', [], true), false);
  assert.equal(may('ada', ['!*', 'ada']), true);
  assert.equal(may('ada', ['*', '!ada']), false);
  assert.equal(may('ada', ['!*']), false);
  assert.equal(may('ada', ['*'], true), true);
  assert.equal(may('ada', ['!type:anon']), true);
  assert.equal(may(undefined, ['!type:anon', '*']), false);
  assert.equal(may(undefined, ['type:anon'], true), true);
  assert.equal(mayInstantiate({ deniesByDefault: true }, [], { name: 'ada', isExempt: true }), true);
});

test('a hidden deployment is known to its owner, and to whom a rule names', () => {
  const hidden = { isHidden: true, owner: { id: 'o', name: 'org' } };
  const knows = (name: string | undefined, accounts: string[], rules: AccessRule[] = []) =>
    knowsOf(hidden, rules, { name, accounts, isExempt: false });
  assert.equal(knows('ada', ['ada']), false);
  assert.equal(knows('ada', ['ada', 'org']), true);
  assert.equal(knows('ada', ['ada'], [rule('d', 1, '*')]), false);
  assert.equal(knows('ada', ['ada'], [rule('d', 1, 'ada')]), true);
  assert.equal(knows('ada', ['ada'], [rule('d', 1, '!ada')]), false);
  assert.equal(knows(undefined, [], [rule('d', 1, 'type:anon')]), false);
});

test('of a type the newest version is taken, then what was used least, then by id', () => {
  const slots = [
    slot('a', { typeVersion: 1 }),
    slot('b', { typeVersion: 2, finishedCount: 5 }),
    slot('d', { typeVersion: 2, finishedCount: 1 }),
    slot('c', { typeVersion: 2, finishedCount: 1 }),
  ];
  assert.equal(ask(state(slots)), 'starts in c');
  assert.equal(ask(state(slots.slice(0, 2))), 'starts in b');
});

test('of a list the one that fewest wait for is taken', () => {
  const slots = [slot('a'), slot('b')];
  // Nobody may meet that one, so that it holds nobody up.
  const blocked = { ...waits('eve', one('a')), account: { id: 'eve', name: 'eve', enabled: false } };
  assert.equal(ask(state(slots), { target: list('a', 'b') }), 'starts in a');
  assert.equal(ask(state(slots, blocked), { target: list('a', 'b') }), 'starts in b');
});

test('what can not be is told in the published order', () => {
  const gone = { dissolvedAt: now };
  assert.equal(ask(state([])), 'unknown');
  assert.equal(ask(state([slot('a')]), { target: list('a', 'b') }), 'some-unknown');
  assert.equal(ask(state([slot('a', { isHidden: true })])), 'unknown');
  assert.equal(ask(state([slot('a', gone)])), 'dissolved');
  assert.equal(ask(state([slot('a', gone), slot('b')])), 'starts in b');
  assert.equal(ask(state([slot('a', gone), slot('b')]), { target: list('a', 'b') }), 'some-dissolved');
  assert.equal(ask(state([slot('a', { isLocked: true, offline: true })])), 'locked');
  assert.equal(ask(state([slot('a', { isLocked: true })]), { waits: true }), 'locked');
  assert.equal(ask(state([slot('a', { offline: true, rules: ['!*'] })])), 'offline');
  assert.equal(ask(state([slot('a', { offline: true, rules: ['!*'] })]), { waits: true }), 'denied');
  assert.equal(ask(state([slot('a', { offline: true })]), { waits: true }), 'waits');
  assert.equal(ask(state([slot('a', { rules: ['!*'] }), slot('b')])), 'starts in b');
  const mixed = state([slot('a'), slot('b', { type: 'other' })]);
  assert.equal(ask(mixed, { target: list('a', 'b') }), 'mixed-types');
  assert.equal(ask(state([slot('a')]), { options: { vpn: true } }), 'no-vpn');
  assert.equal(ask(state([slot('a')]), { options: { vpn: true } }, { hasVpn: () => true }), 'starts in a');
  assert.equal(ask(state([slot('a', { user: 'bob' })])), 'busy');
  assert.equal(ask(state([slot('a', { user: 'bob' })]), { waits: true }), 'waits');
});

test('one of theirs will do for who says so, also where nobody gets a new one', () => {
  const own = state([slot('a', { user: 'ada', isLocked: true }), slot('b')]);
  assert.equal(ask(own, { joinsOwn: true }), 'joined');
  assert.equal(ask(own, { joinsOwn: true, target: one('b') }), 'starts in b');
  assert.equal(ask(state([slot('a', { user: 'bob' })]), { joinsOwn: true }), 'busy');
});

test('limits bound what an account runs, and how often it waits', () => {
  const busy = state([slot('a', { user: 'ada' }), slot('b')], waits('ada', one('a')));
  assert.equal(ask(busy, {}, { maxActivePerAccount: 1 }), 'too-many-active');
  assert.equal(ask(busy, {}, { maxActivePerAccount: 2 }), 'starts in b');
  const again = { waits: true, target: one('a') };
  assert.equal(ask(busy, again, { maxReservationsPerAccount: 1 }), 'too-many-reservations');
  assert.equal(ask(busy, again, { maxReservationsPerAccount: 2 }), 'waits');
});

test('who comes new never passes somebody whose turn it would be', () => {
  const free = [slot('a')];
  assert.equal(ask(state(free, waits('bob'))), 'busy');
  assert.equal(ask(state(free, waits('bob')), { waits: true }), 'waits');
  assert.equal(ask(state(free, waits('bob', one('z')))), 'starts in a');
  assert.equal(ask(state(free, waits('bob', ofType, {}, inSeconds(-1)))), 'starts in a');
  const denied = [slot('a', { rules: ['!bob'] })];
  assert.equal(ask(state(denied, waits('bob'))), 'starts in a');
});

test('the oldest that can be met is; those that can not keep their place', () => {
  const [bob, eve] = [waits('bob'), waits('eve')];
  assert.equal(next(state([slot('a')], bob, eve)), 'bob in a');
  assert.equal(next(state([slot('a', { rules: ['!bob'] })], bob, eve)), 'eve in a');
  assert.equal(next(state([slot('a', { user: 'x' })], bob, eve)), undefined);
  for (const fact of [{ isLocked: true }, { offline: true as const }, { dissolvedAt: now }])
    assert.equal(next(state([slot('a', fact)], bob)), undefined);
  assert.equal(next(state([slot('a')], waits('bob', one('b')), waits('eve', list('a', 'b')))), 'eve in a');
  assert.equal(next(state([slot('a')], waits('bob', ofType, {}, now), eve)), 'eve in a');
  const away = { ...bob, account: { ...bob.account, enabled: false } };
  assert.equal(next(state([slot('a')], away, eve)), 'eve in a');
  const full = state([slot('a'), slot('b', { user: 'bob' })], bob, eve);
  assert.equal(next(full, { maxActivePerAccount: 1 }), 'eve in a');
});

test('a queue is as long as it is used and waited for', () => {
  const busy = slot('a', { user: 'x' });
  assert.equal(queueLength(state([busy]), busy), 1);
  assert.equal(
    queueLength(state([busy], waits('bob'), waits('eve', one('a')), waits('z', one('b'))), busy),
    3,
  );
  const idle = slot('a');
  assert.equal(queueLength(state([idle]), idle), 0);
  assert.equal(queueLength(state([idle], waits('bob')), idle), 2);
});

test('who waits is told their position, how long it takes at most, and what is in their way', () => {
  const look = (of: QueueState, reservation: WorkspaceReservation, changed: Partial<typeof limits> = {}) =>
    outlookOf(of, reservation, { ...limits, ...changed }, now);
  const [bob, eve] = [waits('bob', one('a'), { expireSeconds: 60 }), waits('eve')];
  const until = [slot('a', { user: 'x', until: inSeconds(30) })];
  assert.deepEqual(look(state(until, bob, eve), bob), { position: 1, eta: inSeconds(30) });
  assert.deepEqual(look(state(until, bob, eve), eve), { position: 2, eta: inSeconds(90) });
  const two = [...until, slot('b', { user: 'y', until: inSeconds(40) })];
  assert.deepEqual(look(state(two, bob, eve), eve), { position: 1, eta: inSeconds(40) });
  const unknown = [...until, slot('b', { user: 'y' })];
  assert.deepEqual(look(state(unknown, bob, eve), eve), { position: 1 });
  const last = waits('zoe');
  assert.deepEqual(look(state(until, bob, eve, last), last), { position: 3 });

  const blocked = (facts: SlotFacts, changed = {}) => look(state([slot('a', facts)], bob), bob, changed);
  assert.deepEqual(blocked({ rules: ['!bob'] }), { blocked: 'denied', eta: now });
  assert.deepEqual(blocked({ isLocked: true, user: 'x' }), { blocked: 'locked' });
  assert.deepEqual(blocked({ offline: true, user: 'x' }), { blocked: 'offline' });
  assert.deepEqual(blocked({ user: 'bob' }, { maxActivePerAccount: 1 }), { blocked: 'too-many-active' });
});
