import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Clock } from '../../lib/clock.ts';
import { randomId } from '../../lib/ids.ts';
import { openSqliteStore } from '../../store/sqlite/index.ts';
import type { Service, Store } from '../../store/store.ts';
import { ImageStore } from '../image-store.ts';
import type { ImageLimits } from '../limits.ts';
import type { Repository } from '../repositories/repository.ts';
import { sha256 } from './layers.ts';

/** Time that passes when told to. */
export class TestClock implements Clock {
  #now = Date.now();

  now(): Date {
    return new Date(this.#now);
  }

  pass(ms: number): void {
    this.#now += ms;
  }
}

/** An image store of its own, with an account `acme` that has a service `web`. */
export class ImageWorld {
  readonly dataDir: string;
  readonly clock = new TestClock();
  readonly store: Store;
  readonly service: Service;
  readonly #limits: Partial<ImageLimits>;
  images: ImageStore;

  private constructor(dataDir: string, store: Store, service: Service, limits: Partial<ImageLimits>) {
    this.dataDir = dataDir;
    this.store = store;
    this.service = service;
    this.#limits = limits;
    this.images = this.#makeStore();
  }

  static async make(t: TestContext, limits: Partial<ImageLimits> = {}): Promise<ImageWorld> {
    const dataDir = await mkdtemp(join(tmpdir(), 'berth-images-'));
    const store = await openSqliteStore({ path: join(dataDir, 'berth.db') });
    const account = { id: randomId(), name: 'acme', isAdmin: false, enabled: true, createdAt: new Date() };
    await store.accounts.create(account);
    const service = newService(account.id, 'web');
    await store.services.create(service);
    const world = new ImageWorld(dataDir, store, service, limits);
    await world.images.open();
    t.after(async () => {
      await store.close();
      await rm(dataDir, { recursive: true });
    });
    return world;
  }

  /** As after a restart of the server. */
  async reopen(): Promise<void> {
    this.images = this.#makeStore();
    await this.images.open();
  }

  get repository(): Repository {
    return this.images.repository(this.service);
  }

  async addService(name: string): Promise<Service> {
    const service = newService(this.service.accountId, name);
    await this.store.services.create(service);
    return service;
  }

  /** @returns its digest */
  async pushBlob(content: Buffer, repository = this.repository): Promise<string> {
    const id = await repository.beginUpload();
    await repository.appendUpload(id, chunksOf(content), {});
    await repository.completeUpload(id, sha256(content));
    return sha256(content);
  }

  /** @returns its digest */
  async pushImage(tag: string, layers: readonly Buffer[], config: object = {}): Promise<string> {
    const described = [];
    for (const layer of layers) {
      const digest = await this.pushBlob(layer);
      described.push({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: layer.length });
    }
    const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
    const rootfs = { type: 'layers', diff_ids: layers.map(sha256) };
    const content = Buffer.from(JSON.stringify({ os: 'linux', architecture, config, rootfs }));
    const digest = await this.pushBlob(content);
    const mediaType = 'application/vnd.oci.image.config.v1+json';
    const manifest = {
      schemaVersion: 2,
      config: { mediaType, digest, size: content.length },
      layers: described,
    };
    return (await this.repository.putManifest(tag, Buffer.from(JSON.stringify(manifest)))).digest;
  }

  /** Digests of what is stored. */
  async stored(): Promise<string[]> {
    const names = await readdir(join(this.dataDir, 'images/blobs/sha256'));
    return names.map(name => `sha256:${name}`).sort();
  }

  async layerFolders(): Promise<string[]> {
    return (await readdir(join(this.dataDir, 'images/layers'))).sort();
  }

  #makeStore(): ImageStore {
    return new ImageStore({
      dataDir: this.dataDir,
      store: this.store,
      limits: this.#limits,
      clock: this.clock,
    });
  }
}

export const nothingInUse = { digests: new Set<string>(), layers: new Set<string>() };

export async function* chunksOf(content: Buffer, size = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

function newService(accountId: string, name: string): Service {
  const createdAt = new Date();
  return {
    id: randomId(),
    accountId,
    name,
    env: {},
    createdAt,
    environments: [{ name: 'default', imageTag: 'latest', createdAt }],
  };
}
