import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Clock } from '../../lib/clock.ts';
import { randomId } from '../../lib/ids.ts';
import type { Account, Backend, NewBackend, Service, Store } from '../store.ts';

export interface StoreUnderTest {
  /** Opens the store that lives in this folder; makes it where there is none. */
  open(directory: string, clock: Clock): Promise<Store>;
  /** A program that opens the store in the folder given as its argument and calls `writeUntilKilled`. */
  readonly writer: URL;
}

export class ManualClock implements Clock {
  #now: Date;

  constructor(now = noon) {
    this.#now = now;
  }

  now(): Date {
    return this.#now;
  }

  set(now: Date): void {
    this.#now = now;
  }
}

export const noon = new Date('2026-05-01T12:00:00.000Z');

export function after(ms: number): Date {
  return new Date(noon.getTime() + ms);
}

/** A store of its own with one account and one service, gone when the test is over. */
export interface World {
  readonly directory: string;
  readonly clock: ManualClock;
  readonly store: Store;
  readonly account: Account;
  readonly service: Service;
  /** Closes the store and opens it again. */
  reopen(): Promise<Store>;
}

export async function makeWorld(t: TestContext, subject: StoreUnderTest): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-store-'));
  const clock = new ManualClock();
  let store = await subject.open(directory, clock);
  t.after(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  const account = newAccount('acme');
  const service = newService(account, 'editor');
  await store.accounts.create(account);
  await store.services.create(service);

  const reopen = async (): Promise<Store> => {
    await store.close();
    store = await subject.open(directory, clock);
    return store;
  };
  return { directory, clock, store, account, service, reopen };
}

export function newAccount(name: string): Account {
  return { id: randomId(), name, isAdmin: false, enabled: true, createdAt: noon };
}

export function newService(account: Account, name: string): Service {
  return {
    id: randomId(),
    accountId: account.id,
    name,
    env: { COLOR: 'green' },
    createdAt: noon,
    environments: [{ name: 'default', imageTag: 'latest', createdAt: noon }],
  };
}

export function newBackend(service: Service, changes: Partial<NewBackend> = {}): NewBackend {
  return {
    id: randomId(),
    accountId: service.accountId,
    serviceId: service.id,
    serviceName: service.name,
    environmentName: 'default',
    key: 'a-key',
    access: 'open',
    graceMs: 300_000,
    plan: { image: { kind: 'host' }, env: { COLOR: 'green' }, limits: { pids: 100 } },
    createdAt: noon,
    ...changes,
  };
}

export async function spawn(world: World, changes: Partial<NewBackend> = {}): Promise<Backend> {
  const { backend } = await world.store.backends.spawn(newBackend(world.service, changes));
  return backend;
}

export async function end(store: Store, workloadId: string, at = after(1_000)): Promise<void> {
  await store.journal.append({ workloadId, status: 'terminated', at, reason: 'exited', exitCode: 0 });
}
