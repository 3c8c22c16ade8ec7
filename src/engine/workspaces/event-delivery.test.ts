import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../lib/clock.ts';
import type { WorkspaceEvent, WorkspaceStore } from '../../store/store.ts';
import { EventDelivery, type SendEvent } from './event-delivery.ts';

/** Events in memory, and what was sent of them. */
function world(t: TestContext, send: (text: string) => Promise<boolean> | boolean) {
  let seq = 0;
  const events: WorkspaceEvent[] = [];
  const sent: string[] = [];
  const at = (id: string): number => events.findIndex(event => event.id === id);
  const store = {
    events: async () => [...events],
    removeEvent: async (id: string) => void events.splice(at(id), 1),
    postponeEvent: async (id: string, failures: number, dueAt: Date) => {
      const [event] = events.splice(at(id), 1);
      if (event !== undefined) events.unshift({ ...event, failures, dueAt });
    },
  } as Partial<WorkspaceStore> as WorkspaceStore;
  const sendEvent: SendEvent = async event => {
    const text = `${event.subjectId} ${event.kind}${event.privateKey === undefined ? '' : ' with key'}`;
    sent.push(text);
    return send(text);
  };
  const delivery = new EventDelivery({
    store,
    clock: systemClock,
    send: sendEvent,
    privateKey: async () => 'key',
    reportFault: (_, error) => assert.fail(String(error)),
    retryDelaysMs: [1, 1, 1],
  });
  t.after(() => delivery.close());
  return {
    events,
    sent,
    delivery,
    add: (subjectId: string, kind: WorkspaceEvent['kind'], url = 'http://example.com/') => {
      seq += 1;
      events.push({
        id: `e${seq}`,
        seq,
        subjectId,
        accountName: 'ada',
        kind,
        wasReserved: false,
        url,
        failures: 0,
        dueAt: new Date(0),
      });
      delivery.poke();
    },
    until: async (condition: () => boolean) => {
      const limit = AbortSignal.timeout(20_000);
      while (!condition()) await delay(1, undefined, { signal: limit });
    },
  };
}

test('those of one workspace are told in their order, also those that come meanwhile', async t => {
  const { add, sent, until, events } = world(t, () => true);
  add('a', 'starting');
  add('a', 'ready');
  await until(() => sent.length === 2);
  add('a', 'ended');
  await until(() => events.length === 0);
  assert.deepEqual(sent, ['a starting', 'a ready', 'a ended']);
});

test('one that is never taken is given up after four tries, and the next one is told', async t => {
  const { add, sent, until, events } = world(t, text => text !== 'a starting');
  add('a', 'starting');
  add('a', 'ready');
  await until(() => events.length === 0);
  assert.deepEqual(sent, [...Array<string>(4).fill('a starting'), 'a ready']);
});

test('who is slow holds up nobody else', async t => {
  const slow = Promise.withResolvers<boolean>();
  const { add, sent, until, events } = world(t, text => (text.startsWith('a') ? slow.promise : true));
  add('a', 'starting');
  add('b', 'starting');
  await until(() => events.length === 1);
  assert.deepEqual(sent.toSorted(), ['a starting', 'b starting']);
  slow.resolve(true);
  await until(() => events.length === 0);
});

test('a key goes along with the first event only, and only where nobody can read it on the way', async t => {
  const { add, sent, until } = world(t, () => true);
  add('a', 'starting', 'https://example.com/');
  add('a', 'ready', 'https://example.com/');
  await until(() => sent.length === 2);
  add('b', 'starting', 'http://example.com/');
  await until(() => sent.length === 3);
  assert.deepEqual(sent, ['a starting with key', 'a ready', 'b starting']);
});
