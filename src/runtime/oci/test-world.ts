import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { ImageStore } from '../../images/index.ts';
import { runCommand } from '../../lib/command.ts';
import { FileLogs } from '../../logs/index.ts';
import { instanceTag, Network } from '../../network/index.ts';
import type { ExitEvent, PreparedImage, WorkloadAddress, WorkloadSpec } from '../runtime.ts';
import { cgroupLayout } from './cgroups.ts';
import { OciRuntime } from './oci-runtime.ts';
import { probeOci } from './probe.ts';

const probe = await probeOci();

/** For `test(..., { skip })`: false where the oci runtime can work, else why it can not. */
export const cannotRun: string | false = probe.ok ? false : probe.missing.join('; ');

export type TestWorkload = Partial<Omit<WorkloadSpec, 'image'>> & Pick<WorkloadSpec, 'id'>;

/** A runtime over a data directory of its own. */
export class TestWorld {
  readonly dataDir: string;
  readonly logs: FileLogs;
  readonly network: Network;
  readonly runtime: OciRuntime;
  readonly events: ExitEvent[] = [];
  readonly #abort = new AbortController();

  private constructor(dataDir: string, poolSize: number) {
    this.dataDir = dataDir;
    this.logs = new FileLogs({ root: join(dataDir, 'logs') });
    this.network = new Network({ dataDir, poolSize });
    const images = new ImageStore({ dataDir });
    this.runtime = new OciRuntime({ dataDir, logs: this.logs, network: this.network, images });
  }

  /** An open runtime that has not recovered yet. */
  static async open(dataDir: string, poolSize = 2): Promise<TestWorld> {
    const world = new TestWorld(dataDir, poolSize);
    await world.runtime.open();
    void world.#collect();
    return world;
  }

  /** An open runtime over a new data directory. */
  static async make(): Promise<TestWorld> {
    const world = await TestWorld.open(await makeDataDir());
    await world.runtime.recover();
    return world;
  }

  async #collect(): Promise<void> {
    for await (const event of this.runtime.events(this.#abort.signal)) {
      if (event.type === 'exit') this.events.push(event);
    }
  }

  async image(): Promise<PreparedImage> {
    return this.runtime.prepare({ kind: 'host' }, { signal: AbortSignal.timeout(5_000) });
  }

  async create(workload: TestWorkload): Promise<WorkloadAddress> {
    const image = await this.image();
    return this.runtime.create({ image, env: {}, limits: {}, ...workload });
  }

  async run(workload: TestWorkload): Promise<WorkloadAddress> {
    const address = await this.create(workload);
    await this.runtime.start(workload.id);
    return address;
  }

  /** Runs a workload to its end and removes it. */
  async output(workload: TestWorkload): Promise<{ exit: ExitEvent; lines: string[] }> {
    await this.run(workload);
    const exit = await this.exit(workload.id);
    const lines = await this.lines(workload.id);
    await this.runtime.remove(workload.id);
    return { exit, lines };
  }

  /** What a further process prints on both of its outputs, without the last line's end. */
  async exec(id: string, ...command: readonly string[]): Promise<string> {
    const session = await this.runtime.exec(id, { command });
    session.stdin.end();
    const [stdout, stderr] = await Promise.all([text(session.stdout), text(session.stderr), session.exited]);
    return (stdout + stderr).trimEnd();
  }

  async exit(id: string): Promise<ExitEvent> {
    return eventually(`the exit of ${id}`, () => this.events.find(event => event.id === id));
  }

  async lines(id: string): Promise<string[]> {
    const lines: string[] = [];
    for await (const entry of this.logs.read(id, {})) if (entry.type === 'line') lines.push(entry.text);
    return lines;
  }

  /** Closes the runtime and lets its workloads run on. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.runtime.close();
  }

  /** Ends everything and removes the data directory; for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#abort.signal.aborted) {
      const ids = await names(join(this.dataDir, 'oci/bundles'));
      await Promise.all(ids.map(id => this.runtime.remove(id)));
      await this.close();
    }
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

export async function makeDataDir(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'berth-oci-')));
}

/** Whether something accepts connections there, as seen from the host. */
export async function connects(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => end(true));
    socket.on('error', () => end(false));
    socket.on('timeout', () => end(false));
  });
}

/** Waits until something is there, 30 s at most. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + 30_000;
  while (true) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await delay(5);
  }
}

/** Everything on the machine that belongs to one data directory, by kind. */
export async function traces(dataDir: string): Promise<Record<string, string[]>> {
  const tag = instanceTag(dataDir);
  const { hierarchies } = await cgroupLayout();
  const groups = await Promise.all(
    hierarchies.map(async path => (await names(path)).map(name => join(path, name))),
  );
  const [mounts, rules, routes] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    runCommand('nft', ['list', 'ruleset']),
    runCommand('ip', ['route', 'show']),
  ]);
  const subnet = (await readFile(join(dataDir, 'network', 'subnet'), 'utf8').catch(() => '-')).trim();
  const oci = join(dataDir, 'oci');
  return {
    mounts: mounts.split('\n').filter(line => line.includes(dataDir) || line.includes(`b${tag}-`)),
    namespaces: (await names('/run/netns')).filter(name => name.startsWith(`b${tag}-`)),
    interfaces: (await names('/sys/class/net')).filter(name => name.startsWith(`b${tag}-`)),
    groups: groups.flat().filter(path => path.includes(`berth-${tag}`)),
    rules: rules.stdout.split('\n').filter(line => line.includes(tag)),
    routes: routes.stdout.split('\n').filter(line => line.includes(`b${tag}-`) || line.includes(subnet)),
    processes: await processesOf(dataDir),
    files: await Promise.all(
      ['bundles', 'exits', 'state', 'trash'].map(async folder => names(join(oci, folder))),
    ).then(all => all.flat()),
  };
}

async function processesOf(dataDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await names('/proc')).filter(
    name => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(dataDir)) found.push(command.replaceAll('\0', ' '));
  }
  return found;
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
