import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, type TestServer, within } from '../support/index.ts';
import { InstalledClients } from './installed.ts';

const clients = await InstalledClients.find('npm');
const program = 'node_modules/jamsocket/bin/run';
const commandTimeoutMs = 60_000;

/** For `describe(..., { skip })`. */
export const cannotRunJamsocket = clients.skip;

/** A command of the published command line that runs. */
export class RunningCommand {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  #stdout = '';
  #stderr = '';

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  }

  /** Waits until a text is there. @returns what matches, then its groups */
  async says(what: RegExp): Promise<string[]> {
    const look = () => what.exec(this.#stdout + this.#stderr) ?? undefined;
    return await eventually(`${what} from the command line`, look, commandTimeoutMs);
  }

  /** Types a line, which is the only one. */
  type(line: string): void {
    this.#child.stdin.end(`${line}\n`);
  }

  /** Waits until it ends by itself. @returns all that it said: both streams, since it reports errors on either */
  async end(): Promise<string> {
    try {
      await within('the end of the command line', this.#ended, commandTimeoutMs);
    } catch (error) {
      throw new Error(`it has only said: ${this.#stdout}${this.#stderr}`, { cause: error });
    } finally {
      this.#child.kill('SIGKILL');
    }
    return this.#stdout + this.#stderr;
  }
}

/** Somebody with the published command line, whose home folder nobody else has. */
export class JamsocketUser {
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(home: string, env: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#env = env;
  }

  /** {@link leave} it. @param env more variables */
  static async at(server: TestServer, env: Readonly<Record<string, string>> = {}): Promise<JamsocketUser> {
    const home = await mkdtemp(join(tmpdir(), 'berth-jamsocket-'));
    return new JamsocketUser(home, {
      PATH: process.env.PATH,
      HOME: home,
      JAMSOCKET_SERVER_API: `http://localhost:${server.port}`,
      JAMSOCKET_SKIP_NEW_VERSION_CHECK: 'true',
      ...env,
    });
  }

  /** Runs a command to its end. Its exit code tells nothing: it is 0 after some errors, too. @returns what it said */
  async run(...args: string[]): Promise<string> {
    return await this.start(...args).end();
  }

  start(...args: string[]): RunningCommand {
    const child = spawn(process.execPath, [clients.path(program), ...args], {
      cwd: this.#home,
      env: this.#env,
      stdio: 'pipe',
    });
    child.stdin.on('error', () => {}); // it has ended before it was told anything
    return new RunningCommand(child);
  }

  /** What it remembers between commands. */
  async saved(): Promise<string | undefined> {
    return await readFile(join(this.#home, '.jamsocket/config.json'), 'utf8').catch(() => undefined);
  }

  async leave(): Promise<void> {
    await rm(this.#home, { recursive: true, force: true });
  }
}

/** What a command prints after a label, such as `backend id:     abc`. */
export function labelled(output: string, label: string): string {
  const value = new RegExp(`^ *${label}: +(.+)$`, 'm').exec(output)?.[1];
  if (value === undefined) throw new Error(`there is no "${label}" in: ${output}`);
  return value.trim();
}
