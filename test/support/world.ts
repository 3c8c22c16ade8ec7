import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { type SpawnResult, TestBackend } from './backend.ts';
import type { Answer, SendOptions } from './http.ts';
import { cannotRun, type RuntimeName } from './machine.ts';
import { type ServerOptions, TestServer } from './server.ts';

/** The folder of programs that services of tests run. */
export const programs = join(import.meta.dirname, '../programs');

const everyRuntime: readonly RuntimeName[] = ['oci', 'process'];
/** Tests of one group mostly wait. */
const usualConcurrency = 8;
const setUpTimeoutMs = 90_000;

export interface ServiceOptions {
  /** Arguments of the program. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A name of its own choice; else one is made. */
  readonly name?: string;
}

export interface Account {
  readonly name: string;
  readonly token: string;
}

/** A server that the tests of one group share, and ways to use it. */
export class World {
  readonly runtime: RuntimeName;
  readonly #checks: (() => Promise<void>)[] = [];
  #server: TestServer | undefined;
  #services = 0;

  constructor(runtime: RuntimeName) {
    this.runtime = runtime;
  }

  get server(): TestServer {
    if (this.#server === undefined) throw new Error('the server runs only while tests do');
    return this.#server;
  }

  async open(options: Omit<ServerOptions, 'runtime'>): Promise<void> {
    this.#server = await TestServer.start({ ...options, runtime: this.runtime });
  }

  /** Runs a check after all tests of the group, before the server goes. */
  atEnd(check: () => Promise<void>): void {
    this.#checks.push(check);
  }

  async close(): Promise<void> {
    try {
      for (const check of this.#checks) await check();
    } finally {
      await this.#server?.destroy();
    }
  }

  /** A request to the APIs, with the administrator's token unless told otherwise. */
  async api(path: string, options: SendOptions & { token?: string | null } = {}): Promise<Answer> {
    return await this.server.api(path, options);
  }

  /** A new account that is no administrator, with a token. */
  async account(name: string): Promise<Account> {
    (await this.api('/berth/v1/accounts', { body: { name } })).ok();
    return { name, token: await this.token({ account: name }) };
  }

  /** A new token. @param body as in the API: account, label, expires_in_seconds */
  async token(body: object = {}): Promise<string> {
    return (await this.api('/berth/v1/tokens', { body })).ok<{ token: string }>().token;
  }

  /** A service that runs one of the files in {@link programs}, with Perl where it ends in `.pl`. @returns its name */
  async service(program: string, { args = [], env, name }: ServiceOptions = {}): Promise<string> {
    this.#services += 1;
    const body = {
      name: name ?? `${program.replace(/\.\w+$/, '')}-${this.#services}`,
      command: program.endsWith('.pl') ? 'perl' : 'node',
      args: [program, ...args],
      dir: programs,
      ...(env && { env }),
    };
    (await this.api('/user/admin/service', { body })).ok();
    return body.name;
  }

  /** A backend of a service. */
  async spawn(service: string, body: object = {}): Promise<TestBackend> {
    const answer = await this.api(`/user/admin/service/${service}/spawn`, { body });
    return new TestBackend(this.server, answer.ok<SpawnResult>());
  }

  /** A backend of a new service that runs a program, ready for requests. */
  async ready(program: string, body: object = {}, options: ServiceOptions = {}): Promise<TestBackend> {
    const backend = await this.spawn(await this.service(program, options), body);
    await backend.reaches('Ready');
    return backend;
  }
}

export interface WorldOptions extends Omit<ServerOptions, 'runtime'> {
  readonly runtimes?: readonly RuntimeName[];
  /** Tests that run at the same time; 1 where they stop or kill the server. */
  readonly concurrency?: number;
  /** A reason why the group can't run on any runtime. */
  readonly skip?: string | false;
}

/**
 * A group of tests on each runtime, with a server of its own that they share. They run side by side, so each
 * makes its own services and backends. Where a runtime can't work the group is skipped with the reason.
 */
export function forEachRuntime(
  name: string,
  { runtimes = everyRuntime, concurrency = usualConcurrency, skip = false, ...options }: WorldOptions,
  define: (world: World) => void,
): void {
  for (const runtime of runtimes) {
    const reason = cannotRun(runtime);
    describe(`${name} (${runtime})`, { concurrency, skip: skip || (reason ?? false) }, () => {
      const world = new World(runtime);
      before(() => world.open(options), { timeout: setUpTimeoutMs });
      after(() => world.close(), { timeout: setUpTimeoutMs });
      define(world);
    });
  }
}
