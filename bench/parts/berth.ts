import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { NotHere } from '../bench.ts';
import { call, JsonApi, open, type Place } from './http.ts';
import { pidOf, startProcess } from './process.ts';
import { temporaryFolder } from './temporary.ts';
import { requireRoot, requireTools } from './tools.ts';
import { exists, until } from './until.ts';

const launcher = resolve(import.meta.dirname, '../../bin/berth');
const startTimeoutMs = 30_000;

/** What a service runs; it listens on port 8080, or does not listen at all. */
export interface Program {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly directory?: string;
  /** It is up so soon that the time of a spawn is that of what is around it. */
  readonly startsAtOnce?: true;
}

interface Spawned {
  readonly name: string;
  readonly spawned: boolean;
}

/** A server of its own, with an empty data directory and the `oci` runtime. */
export class Berth {
  readonly place: Place & { readonly port: number };
  readonly pid: number;
  readonly dataDir: string;
  readonly token: string;
  readonly #api: JsonApi;
  readonly #services: string[] = [];

  private constructor(port: number, pid: number, dataDir: string, token: string) {
    this.place = { host: '127.0.0.1', port };
    this.pid = pid;
    this.dataDir = dataDir;
    this.token = token;
    this.#api = new JsonApi(this.place, { authorization: `Bearer ${token}` });
  }

  /** @throws {NotHere} */
  static async start(cleanUp: AsyncDisposableStack, env: Record<string, string> = {}): Promise<Berth> {
    requireRoot();
    await requireTools('conmon', 'runc', 'ip', 'nft', 'busybox');
    const dataDir = await temporaryFolder(cleanUp);
    const args = ['up', '--port', '0', '--data-dir', dataDir, '--runtime', 'oci', '--log-level', 'error'];
    const child = startProcess(cleanUp, launcher, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let said = '';
    child.stderr?.on('data', chunk => {
      said += String(chunk);
    });
    if (child.stdout === null) throw new Error('the server has no output');
    const lines = createInterface({ input: child.stdout });
    const ready = once(lines, 'line', { signal: AbortSignal.timeout(startTimeoutMs) });
    const port = await Promise.race([
      ready.then(([line]) => /:(\d+)$/.exec(String(line))?.[1]),
      once(child, 'exit').then(() => undefined),
    ]);
    if (port === undefined)
      throw new NotHere(`the server does not start with the oci runtime: ${said.split('\n')[0]}`);
    const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim();
    const berth = new Berth(Number(port), await pidOf(child), dataDir, token);
    cleanUp.defer(() => berth.endAll());
    return berth;
  }

  async createService({ name, command: [command, ...args], directory }: Program): Promise<void> {
    const dir = directory === undefined ? {} : { dir: directory };
    await this.#api.call('POST', '/user/admin/service', { name, command, args, ...dir });
    this.#services.push(name);
  }

  /** A service that runs what is pushed to its repository. */
  async createImageService(name: string): Promise<void> {
    await this.#api.call('POST', '/user/admin/service', { name });
    this.#services.push(name);
  }

  /** @returns the backend's id */
  async spawn(service: string, request: { lock?: string } = {}): Promise<string> {
    return (await this.#api.call<Spawned>('POST', this.spawnPath(service), request)).name;
  }

  spawnPath(service: string): string {
    return `/user/admin/service/${service}/spawn`;
  }

  /** Asks a backend through the edge, which holds the request until the backend is ready. */
  async visit(id: string): Promise<void> {
    const { status, body } = await call(this.place, '/', { headers: { host: this.hostOf(id) } });
    if (status !== 200) throw new Error(`the edge answered ${status}: ${body}`);
  }

  /** The log so far and what follows, as server-sent events; ends with the backend. */
  async followLogs(id: string, timeoutMs: number): Promise<IncomingMessage> {
    const headers = { authorization: `Bearer ${this.token}` };
    return open(this.place, `/backend/${id}/logs`, { headers, timeoutMs });
  }

  hostOf(id: string): string {
    return `${id}.localhost:${this.place.port}`;
  }

  /** Ends a backend; resolves when nothing of it is left. */
  async terminate(id: string): Promise<void> {
    await this.#api.call('POST', `/backend/${id}/terminate`, { hard: true });
    await until(`the end of ${id}`, async () => !(await exists(this.bundleFolder(id))));
  }

  /** Where a backend listens, on port 8080. */
  async addressOf(id: string): Promise<string> {
    const record = await readFile(join(this.bundleFolder(id), 'record.json'), 'utf8');
    return (JSON.parse(record) as { address: { host: string } }).address.host;
  }

  /** Where the oci runtime keeps what one container is made from. */
  bundleFolder(id: string): string {
    return join(this.dataDir, 'oci', 'bundles', id);
  }

  /** Ends all backends, and their services. */
  async endAll(): Promise<void> {
    for (const name of this.#services.splice(0)) {
      await this.#api.call('POST', `/user/admin/service/${name}/delete`, {});
    }
    const bundles = join(this.dataDir, 'oci', 'bundles');
    await until('the end of all backends', async () => (await readdir(bundles)).length === 0);
  }
}
