import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allowedSteps, type WorkloadStatus } from '../../engine/workloads/status.ts';
import type { Store } from '../store.ts';
import { after, end, makeWorld, noon, type StoreUnderTest, spawn } from './world.ts';

const startUp: readonly WorkloadStatus[] = ['loading', 'starting', 'waiting', 'ready'];
const allStatuses = Object.keys(allowedSteps) as WorkloadStatus[];

export function journalPromises(subject: StoreUnderTest): void {
  describe('the journal', () => {
    test('keeps a whole history in order, and the last entry at the backend', async t => {
      const world = await makeWorld(t, subject);
      const { store } = world;
      const { id, latest } = await spawn(world);
      const written = [latest];
      let at = 10;
      for (const status of startUp) {
        written.push(await appended(store.journal.append({ workloadId: id, status, at: after(at++) })));
      }
      written.push(
        await appended(
          store.journal.append({
            workloadId: id,
            status: 'terminating',
            at: after(100),
            reason: 'swept',
            kind: 'soft',
          }),
        ),
        await appended(
          store.journal.append({
            workloadId: id,
            status: 'terminated',
            at: after(200),
            reason: 'swept',
            kind: 'soft',
            exitCode: 0,
            lastStatus: 'ready',
            outOfMemory: false,
          }),
        ),
      );

      assert.deepEqual(await store.journal.history(id), written);
      assert.deepEqual((await store.backends.get(id))?.latest, written.at(-1));
      assert.equal(written.at(-1)?.exitCode, 0);
      assert.equal(written.at(-1)?.outOfMemory, false);
    });

    test('keeps the first image that is noted of a workload, also after its end', async t => {
      const world = await makeWorld(t, subject);
      const { store } = world;
      const { id } = await spawn(world);
      const other = await spawn(world);
      assert.equal(await store.journal.noteImage(id, 'sha256:1'), 'sha256:1');
      assert.equal(await store.journal.noteImage(id, 'sha256:2'), 'sha256:1');
      const digests = async (from: Store) =>
        (await Promise.all([id, other.id].map(one => from.backends.get(one)))).map(one => one?.imageDigest);
      assert.deepEqual(await digests(store), ['sha256:1', undefined]);
      const reopened = await world.reopen();
      assert.deepEqual(
        (await reopened.backends.live()).map(one => one.imageDigest),
        [undefined, 'sha256:1'],
      );
      await end(reopened, id);
      assert.deepEqual(await digests(reopened), ['sha256:1', undefined]);
    });

    test('gives what came after an entry', async t => {
      const world = await makeWorld(t, subject);
      const { journal } = world.store;
      const { id, latest } = await spawn(world);
      const loading = await appended(journal.append({ workloadId: id, status: 'loading', at: after(1) }));
      const starting = await appended(journal.append({ workloadId: id, status: 'starting', at: after(2) }));
      assert.deepEqual(await journal.history(id, latest.seq), [loading, starting]);
      assert.deepEqual(await journal.history(id, loading.seq), [starting]);
      assert.deepEqual(await journal.history(id, starting.seq), []);
    });

    test('numbers entries rising over all workloads, also after a restart and a deletion', async t => {
      const world = await makeWorld(t, subject);
      const a = await spawn(world);
      const b = await spawn(world);
      const c = await world.store.journal.append({ workloadId: a.id, status: 'terminated', at: after(1) });
      const d = await world.store.journal.append({ workloadId: b.id, status: 'terminated', at: after(1) });
      await world.store.backends.deleteEndedBefore(after(100), 10);
      const store = await world.reopen();
      const { backend: e } = await store.backends.spawn({ ...a, id: 'another' });

      const seqs = [a.latest.seq, b.latest.seq, c?.seq ?? 0, d?.seq ?? 0, e.latest.seq];
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].toSorted((x, y) => x - y),
      );
    });

    test('sets a time that is not later one millisecond after the one before', async t => {
      const world = await makeWorld(t, subject);
      const { id } = await spawn(world);
      const times: (Date | undefined)[] = [];
      for (const [status, at] of [
        ['loading', noon],
        ['starting', after(-60_000)],
        ['waiting', after(3)],
        ['ready', after(3)],
        ['terminated', after(2)],
      ] as const) {
        times.push((await world.store.journal.append({ workloadId: id, status, at }))?.at);
      }
      assert.deepEqual(times, [after(1), after(2), after(3), after(4), after(5)]);
    });

    test('takes every allowed step and refuses every other', async t => {
      const world = await makeWorld(t, subject);
      const { store } = world;
      for (const from of allStatuses) {
        for (const to of allStatuses) {
          const { id } = await spawn(world);
          for (const status of pathTo(from)) {
            await appended(store.journal.append({ workloadId: id, status, at: noon }));
          }
          const before = await store.journal.history(id);
          const entry = await store.journal.append({ workloadId: id, status: to, at: noon });

          const allowed = allowedSteps[from].includes(to);
          assert.equal(entry?.status, allowed ? to : undefined, `${from} -> ${to}`);
          assert.deepEqual(await store.journal.history(id), [...before, ...(entry ? [entry] : [])]);
        }
      }
    });

    test('lets one of many take a step that all of them want', async t => {
      const world = await makeWorld(t, subject);
      const { id } = await spawn(world);
      const entries = await Promise.all(
        Array.from({ length: 20 }, () =>
          world.store.journal.append({ workloadId: id, status: 'terminating', at: after(1) }),
        ),
      );
      assert.equal(entries.filter(entry => entry !== undefined).length, 1);
    });

    test('has nothing for a workload that does not exist', async t => {
      const { store } = await makeWorld(t, subject);
      assert.equal(await store.journal.append({ workloadId: 'x', status: 'loading', at: noon }), undefined);
      assert.deepEqual(await store.journal.history('x'), []);
    });
  });
}

/** Steps from `scheduled` to a status. */
function pathTo(status: WorkloadStatus): readonly WorkloadStatus[] {
  if (status === 'scheduled') return [];
  const position = startUp.indexOf(status);
  return position < 0 ? [status] : startUp.slice(0, position + 1);
}

async function appended<Entry>(entry: Promise<Entry | undefined>): Promise<Entry> {
  const written = await entry;
  assert.ok(written);
  return written;
}
