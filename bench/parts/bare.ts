import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../src/lib/command.ts';
import { removeCgroup } from './cgroups.ts';
import { makeNamespace, type Namespace } from './network.ts';
import { moved, type Template } from './template.ts';
import { temporaryFolder } from './temporary.ts';
import { toolPath } from './tools.ts';

/** A container that is ready to be made: its folder is there, nothing runs. */
export interface BareContainer {
  readonly id: string;
  readonly folder: string;
}

interface Tools {
  readonly conmon: string;
  readonly runc: string;
}

interface Running {
  readonly container: BareContainer;
  readonly conmon: ChildProcess;
  readonly started: Promise<void>;
}

const cgroupParent = `berth-bench-bare-${process.pid}`;
const syncDescriptor = 3;
const createTimeoutMs = 20_000;

/** conmon and runc by hand: the least that running a container in Berth's way takes. One at a time. */
export class Bare {
  readonly address: string;
  readonly #tools: Tools;
  readonly #folder: string;
  readonly #namespace: Namespace;
  #running: Running | undefined;
  #closed = false;
  #count = 0;

  private constructor(tools: Tools, folder: string, namespace: Namespace) {
    this.#tools = tools;
    this.#folder = folder;
    this.#namespace = namespace;
    this.address = namespace.address;
  }

  /** @throws {NotHere} */
  static async open(cleanUp: AsyncDisposableStack): Promise<Bare> {
    const tools = { conmon: await toolPath('conmon'), runc: await toolPath('runc') };
    const folder = await temporaryFolder(cleanUp);
    const namespace = await makeNamespace(cleanUp);
    cleanUp.defer(() => removeCgroup(cgroupParent));
    const bare = new Bare(tools, folder, namespace);
    cleanUp.defer(() => bare.#close());
    return bare;
  }

  /** Writes the configuration and the folders, which is not part of what is measured. */
  async prepare(template: Template): Promise<BareContainer> {
    const id = `bare-${++this.#count}`;
    const folder = join(this.#folder, id);
    for (const name of ['', 'rootfs', 'work']) await mkdir(join(folder, name));
    await cp(template.upper, join(folder, 'upper'), { recursive: true });
    const place = { folder, namespacePath: this.#namespace.path, cgroupsPath: `/${cgroupParent}/${id}` };
    await writeFile(join(folder, 'config.json'), JSON.stringify(moved(template, place)));
    return { id, folder };
  }

  async start(container: BareContainer): Promise<void> {
    if (this.#closed) throw new Error('the measurement is over');
    const conmon = this.#startConmon(container);
    const started = this.#start(container, conmon);
    this.#running = { container, conmon, started };
    await started;
  }

  /** Ends the container that runs. */
  async remove(): Promise<void> {
    if (this.#running === undefined) return;
    const { container, conmon, started } = this.#running;
    this.#running = undefined;
    await started.catch(() => {}); // it may have failed half-way
    const hasEnded = conmon.exitCode !== null || conmon.signalCode !== null;
    const ended = hasEnded ? undefined : once(conmon, 'exit');
    await this.#runc('delete', '--force', container.id);
    await ended;
    await rm(container.folder, { recursive: true });
  }

  #startConmon({ id, folder }: BareContainer): ChildProcess {
    const { conmon, runc } = this.#tools;
    const options = ['--api-version', '1', '-c', id, '-u', id, '-n', id, '-r', runc, '-b', folder];
    const files = ['-p', join(folder, 'pid'), '--exit-dir', folder, '-l', `k8s-file:${join(folder, 'log')}`];
    const rest = ['--sync', '--full-attach', '--no-sync-log', `--runtime-arg=--root=${this.#state}`];
    return spawn(conmon, [...options, ...files, ...rest], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, _OCI_SYNCPIPE: String(syncDescriptor) },
      detached: true,
    });
  }

  async #start({ id }: BareContainer, conmon: ChildProcess): Promise<void> {
    const pipe = conmon.stdio[syncDescriptor];
    if (!pipe) throw new Error('conmon has no synchronisation pipe');
    const [said] = await once(pipe, 'data', { signal: AbortSignal.timeout(createTimeoutMs) });
    const { data, message } = JSON.parse(String(said)) as { data: number; message?: string };
    if (data < 0) throw new Error(`runc create failed: ${message}`);
    await this.#runc('start', id);
  }

  async #close(): Promise<void> {
    this.#closed = true;
    await this.remove();
  }

  get #state(): string {
    return join(this.#folder, 'state');
  }

  async #runc(...args: readonly string[]): Promise<void> {
    await runCommand(this.#tools.runc, ['--root', this.#state, ...args]);
  }
}
