import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, within } from './eventually.ts';
import { type Answer, open, type SendOptions, send } from './http.ts';
import type { RuntimeName } from './machine.ts';

export const berthProgram = join(import.meta.dirname, '../../bin/berth');
/** Of the administrator of every test server. */
export const adminToken = 'test.administrator-of-a-test-server';

const startTimeoutMs = 90_000;
const stopTimeoutMs = 30_000;

export interface ServerOptions {
  readonly runtime: RuntimeName;
  /** By their names in `berth.yaml`, such as `jamsocket.grace_seconds`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  readonly examples?: boolean;
  /** False: the administrator's token is made by the server. */
  readonly fixedToken?: boolean;
  /** More variables of the server's process. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the server in its place in the process, such as `nsenter`, with its arguments. */
  readonly through?: readonly string[];
  /** The address that tests reach the server by, which then listens on every address. */
  readonly address?: string;
}

/** A real server: `berth up` as a child process over a data directory of its own. */
export class TestServer {
  readonly options: ServerOptions;
  readonly dataDir: string;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #url = '';
  #token = adminToken;
  #stdout: string[] = [];
  #stderr: string[] = [];

  private constructor(options: ServerOptions, dataDir: string) {
    this.options = options;
    this.dataDir = dataDir;
  }

  /** A server over an empty data directory. {@link destroy} it. */
  static async start(options: ServerOptions): Promise<TestServer> {
    const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'berth-test-')));
    const server = new TestServer(options, dataDir);
    try {
      await server.start();
    } catch (error) {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
    return server;
  }

  /** `http://127.0.0.1:PORT` unless another address is asked for; another one after a restart. */
  get url(): string {
    return this.#url;
  }

  /** The administrator's. */
  get token(): string {
    return this.#token;
  }

  get port(): number {
    return Number(new URL(this.#url).port);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Lines of the present or last run. */
  get stdout(): readonly string[] {
    return this.#stdout;
  }

  get stderr(): readonly string[] {
    return this.#stderr;
  }

  /** What it has logged as failures of its own, in the present or last run. */
  get faults(): readonly string[] {
    return this.#stderr.filter(line => line.includes('"fault"'));
  }

  /** Starts it on its data directory; resolves when it says that it is ready. */
  async start(): Promise<void> {
    assert.ok(!this.running, 'the server runs already');
    const { runtime, settings = {}, examples = false, fixedToken = true } = this.options;
    const { env = {}, through = [], address } = this.options;
    const args = ['up', '--port', '0', '--data-dir', this.dataDir, '--runtime', runtime];
    if (examples) args.push('--examples');
    if (address !== undefined) args.push('--host', '0.0.0.0', '--insecure');
    const [program = berthProgram, ...rest] = [...through, berthProgram, ...args];
    const child = spawn(program, rest, {
      cwd: this.dataDir,
      env: {
        PATH: process.env.PATH,
        ...env,
        ...(fixedToken && { BERTH_ADMIN_TOKEN: adminToken }),
        ...Object.fromEntries(
          Object.entries(settings).map(([name, value]) => [variableOf(name), `${value}`]),
        ),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const killWithTests = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithTests);
    this.#exited = once(child, 'exit').then(() => process.off('exit', killWithTests));
    this.#stdout = [];
    this.#stderr = [];
    createInterface({ input: child.stderr }).on('line', line => this.#stderr.push(line));
    const lines = createInterface({ input: child.stdout }).on('line', line => this.#stdout.push(line));
    const limit = AbortSignal.timeout(startTimeoutMs);
    await Promise.race([once(lines, 'line', { signal: limit }), this.#exited]).catch(() => {});
    const port = /^berth is ready at http:\/\/(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)$/.exec(
      this.#stdout[0] ?? '',
    )?.[1];
    if (port === undefined) {
      child.kill('SIGKILL');
      throw new Error(`the server did not start: ${[...this.#stdout, ...this.#stderr].join('\n')}`);
    }
    this.#url = `http://${address ?? '127.0.0.1'}:${port}`;
    if (!fixedToken) this.#token = (await readFile(join(this.dataDir, 'admin-token'), 'utf8')).trim();
  }

  /** Asks it to end and waits for it; fails unless it ends with code 0. */
  async stop(): Promise<void> {
    this.#child?.kill('SIGTERM');
    await within('the end of the server', this.#exited, stopTimeoutMs);
    assert.equal(this.#child?.exitCode, 0, `exit after SIGTERM: ${this.#stderr.slice(-20).join('\n')}`);
  }

  /** Ends it at once, as a crash or the kernel would. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** Stops it, or takes up one that was killed, and starts it again on the same data directory. */
  async restart(): Promise<void> {
    if (this.running) await this.stop();
    await this.start();
  }

  /** A request to the APIs. @param token the administrator's unless another one, or `null` for none */
  async api(
    path: string,
    { token = this.#token, ...options }: SendOptions & { token?: string | null } = {},
  ): Promise<Answer> {
    return await send(this.#url + path, withToken(options, token));
  }

  /** The same, for an answer that is read as it comes. */
  async openApi(
    path: string,
    { token = this.#token, ...options }: SendOptions & { token?: string | null } = {},
  ) {
    return await open(this.#url + path, withToken(options, token));
  }

  /** How many workloads have not ended yet. */
  async liveWorkloads(): Promise<number> {
    const { text } = await this.api('/metrics', { token: null });
    return Number(/^berth_workloads_live (\d+)$/m.exec(text)?.[1]);
  }

  /** Ends every backend of every account every workspace, and the administrator's sandboxes, and waits until nothing is left. */
  async endWorkloads(): Promise<void> {
    const { sprites } = (await this.api('/v1/sprites?max_results=100')).ok<{ sprites: { name: string }[] }>();
    await Promise.all(sprites.map(({ name }) => this.api(`/v1/sprites/${name}`, { method: 'DELETE' })));
    const { accounts } = (await this.api('/berth/v1/accounts')).ok<{ accounts: { name: string }[] }>();
    for (const { name } of accounts) {
      const headers = { 'x-jamsocket-admin-as-account': name };
      const { running_backends: live } = (await this.api(`/user/${name}/backends`, { headers })).ok<{
        running_backends: { name: string }[];
      }>();
      await Promise.all(
        live.map(backend =>
          this.api(`/backend/${backend.name}/terminate`, { headers, body: { hard: true } }),
        ),
      );
    }
    const deployments = '/berth/v1/workspace-deployments';
    const { deployments: slots } = (await this.api(deployments)).ok<{
      deployments: { id: string; dissolved_at: string | null }[];
    }>();
    const open = slots.filter(({ dissolved_at: dissolvedAt }) => dissolvedAt === null);
    await Promise.all(open.map(({ id }) => this.api(`${deployments}/${id}/dissolve`, { body: {} })));
    await eventually('the end of all workloads', async () => (await this.liveWorkloads()) === 0, 30_000);
  }

  /** Leaves nothing behind: no server, no workload, no data directory. */
  async destroy(): Promise<void> {
    try {
      if (!this.running) await this.start();
      await this.endWorkloads();
      await this.stop();
    } finally {
      if (this.running) await this.kill();
      await removeFolder(this.dataDir);
    }
  }
}

function withToken(options: SendOptions, token: string | null): SendOptions {
  if (token === null) return options;
  return { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } };
}

function variableOf(setting: string): string {
  return `BERTH_${setting.replaceAll('.', '_').toUpperCase()}`;
}

/** What a killed server was writing may still come while the folder goes. */
async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    await delay(200);
    await rm(path, { recursive: true, force: true });
  });
}
