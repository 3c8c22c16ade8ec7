import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, findTool, runCommand } from '../../src/lib/command.ts';
import { eventually, within } from '../support/index.ts';

const commandTimeoutMs = 60_000;
const startTimeoutMs = 60_000;

/** For `describe(..., { skip })`. */
export const cannotRunDocker: string | false =
  process.getuid?.() !== 0
    ? 'a Docker daemon needs root'
    : (await findTool('dockerd')) === undefined || (await findTool('docker')) === undefined
      ? 'this machine lacks docker.io'
      : false;

/** A Docker daemon of its own that leaves the machine's network alone, with the client's own settings. */
export class DockerDaemon {
  readonly folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.folder = folder;
    this.#child = child;
  }

  static async start(): Promise<DockerDaemon> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-docker-'));
    const settings = {
      'data-root': join(folder, 'data'),
      'exec-root': join(folder, 'exec'),
      pidfile: join(folder, 'pid'),
      host: `unix://${join(folder, 'socket')}`,
      bridge: 'none',
      iptables: 'false',
      ip6tables: 'false',
      'ip-forward': 'false',
    };
    const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    const child = spawn('dockerd', args, { stdio: 'ignore' });
    const daemon = new DockerDaemon(folder, child);
    await eventually(
      'the Docker daemon',
      async () => await daemon.run('version').then(Boolean, () => false),
      startTimeoutMs,
    ).catch(async error => {
      await daemon.stop();
      throw error;
    });
    return daemon;
  }

  /** Where it listens, as `DOCKER_HOST` has it. */
  get host(): string {
    return `unix://${join(this.folder, 'socket')}`;
  }

  /** Runs the client. @returns its stdout and stderr */
  async run(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    const options = ['--config', join(this.folder, 'client'), '--host', this.host];
    return await runCommand('docker', [...options, ...args], { timeoutMs: commandTimeoutMs });
  }

  /** Runs the client, which is to fail. @returns what it said */
  async fail(...args: string[]): Promise<string> {
    try {
      await this.run(...args);
    } catch (error) {
      if (error instanceof CommandError) return error.stderr;
      throw error;
    }
    throw new Error(`docker ${args.join(' ')} did not fail`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await within('the end of the Docker daemon', ended, startTimeoutMs);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
