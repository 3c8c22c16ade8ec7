import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { FileLogs } from '../../logs/index.ts';
import { openSqliteStore } from '../../store/index.ts';
import type { Account, Service, StatusEntry } from '../../store/store.ts';
import { VolumeFolders } from '../../volumes/index.ts';
import type { SpawnRequest } from '../backends/spawn-request.ts';
import { Engine } from '../engine.ts';
import { defaultEngineLimits, type EngineLimits } from '../limits.ts';
import { defaultSandboxLimits, type SandboxLimits } from '../sandboxes/limits.ts';
import { defaultWorkspaceLimits, type WorkspaceLimits } from '../workspaces/limits.ts';
import { type Behaviour, FakeRuntime } from './fake-runtime.ts';

/** An engine over a real store and a fake runtime, taken down at the end of the test. */
export async function engineWorld(
  t: TestContext,
  limits: Partial<EngineLimits> = {},
  sandboxLimits: Partial<SandboxLimits> = {},
  workspaceLimits: Partial<WorkspaceLimits> = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'berth-engine-'));
  const store = await openSqliteStore({ path: join(folder, 'berth.db') });
  const runtime = new FakeRuntime();
  const volumes = new VolumeFolders(join(folder, 'volumes'));
  await volumes.prepare();
  const notes: string[] = [];
  const faults: unknown[] = [];
  const logs = Object.assign(new FileLogs({ root: join(folder, 'logs') }), {
    note: async (_: string, text: string) => void notes.push(text),
  });
  const account: Account = { id: 'a1', name: 'acct', isAdmin: true, enabled: true, createdAt: new Date() };
  await store.accounts.create(account);

  const makeEngine = (): Engine =>
    new Engine({
      store,
      runtime,
      logs,
      volumes,
      limits: { ...defaultEngineLimits, ...limits },
      sandboxes: {
        limits: { ...defaultSandboxLimits, ...sandboxLimits },
        layout: {
          account: { name: 'sandbox', uid: 1000, gid: 1000, home: '/home/sandbox' },
          privateFolder: '/.private',
        },
        policyDefaults: ['example.com', '*.example.org'],
        baseImage: async () => ({ kind: 'host' }),
      },
      workspaces: {
        limits: { ...defaultWorkspaceLimits, ...workspaceLimits },
        sendEvent: async () => true,
        layout: {
          account: { name: 'root', uid: 0, gid: 0, home: '/root' },
          idVariable: 'WORKSPACE_ID',
        },
      },
      reportFault: (_, error) => {
        faults.push(error);
        return 'fault_test';
      },
    });
  let engine = makeEngine();
  await engine.start();
  t.after(async () => {
    for (const id of runtime.running) runtime.end(id, 0);
    await engine.close();
    for (const id of runtime.running) await runtime.remove(id);
    await store.close();
    await rm(folder, { recursive: true });
  });

  const world = {
    store,
    runtime,
    volumes,
    logs,
    notes,
    faults,
    account,
    get engine(): Engine {
      return engine;
    },
    /** A service whose program behaves like this; without behaviour, one that needs an image. */
    service: (behaviour?: Behaviour): Promise<Service> => {
      const name = `s-${behaviour ?? 'image'}`;
      return engine.services
        .create(account, behaviour === undefined ? { name } : { name, program: { command: [behaviour] } })
        .catch(() => engine.services.get(account, name));
    },
    spawn: async (behaviour?: Behaviour, request: Partial<SpawnRequest> = {}) =>
      engine.backends.spawn({ account, service: await world.service(behaviour), access: 'open', ...request }),
    /** Waits until a workload has a status, and returns the entry. */
    reaches: async (id: string, status: StatusEntry['status']): Promise<StatusEntry> => {
      for await (const entry of engine.journal.follow(id)) if (entry.status === status) return entry;
      throw new Error(`${id} ended without ${status}`);
    },
    history: async (id: string) => (await engine.journal.history(id)).map(({ status }) => status),
    /** The server goes away and comes back, with the same store and runtime. */
    restart: async (whileAway: () => void | Promise<void> = () => {}): Promise<void> => {
      await engine.close();
      await whileAway();
      engine = makeEngine();
      await engine.start();
    },
  };
  return world;
}
