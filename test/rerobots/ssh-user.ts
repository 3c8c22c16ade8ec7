import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { InstanceShape } from './support.ts';

const run = promisify(execFile);
const timeoutMs = 60_000;

interface Way {
  readonly port: number;
  readonly hostKey: string;
}

/** Somebody with the key of a workspace, and OpenSSH's programs. */
export class SshUser implements AsyncDisposable {
  readonly folder: string;
  readonly #way: Way;

  private constructor(folder: string, way: Way) {
    this.folder = folder;
    this.#way = way;
  }

  /** @param key private, as PEM */
  static async make(instance: InstanceShape, key: string): Promise<SshUser> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-ssh-user-'));
    const { port } = instance.fwd as { port: number };
    const [hostKey = ''] = instance.hostkeys as string[];
    await writeFile(join(folder, 'key'), key, { mode: 0o600 });
    await writeFile(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`);
    return new SshUser(folder, { port, hostKey });
  }

  /** Runs a command there. @throws {Error} with its exit code, 255 where nobody gets in */
  async ssh(...args: readonly string[]): Promise<string> {
    const all = [...this.options, '-p', `${this.#way.port}`, 'root@127.0.0.1', ...args];
    return (await run('ssh', all, { timeout: timeoutMs })).stdout;
  }

  /** Goes in and stays there. @returns how that ends: the exit code of `ssh` */
  async stay(): Promise<{ readonly ended: Promise<number | null> }> {
    const all = [...this.options, '-p', `${this.#way.port}`, 'root@127.0.0.1', 'echo in; sleep 60'];
    const child = spawn('ssh', all, { stdio: ['ignore', 'pipe', 'inherit'], timeout: timeoutMs });
    const ended = new Promise<number | null>(resolve => child.once('exit', resolve));
    await once(child.stdout, 'data', { signal: AbortSignal.timeout(timeoutMs) });
    return { ended };
  }

  /** Copies by SFTP; remote paths begin with `:`. */
  async scp(source: string, target: string): Promise<void> {
    const place = (path: string): string => (path.startsWith(':') ? `root@127.0.0.1${path}` : path);
    const all = [...this.options, '-P', `${this.#way.port}`, place(source), place(target)];
    await run('scp', all, { timeout: timeoutMs });
  }

  /** Options of all of OpenSSH's programs: nothing of the machine's own settings. */
  get options(): string[] {
    const settings = {
      IdentityFile: join(this.folder, 'key'),
      IdentitiesOnly: 'yes',
      UserKnownHostsFile: join(this.folder, 'known_hosts'),
      StrictHostKeyChecking: 'yes',
      BatchMode: 'yes',
      LogLevel: 'ERROR',
    };
    return [
      '-F',
      '/dev/null',
      ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}
