import { once } from 'node:events';
import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import type { SshProcess, SshTarget } from './ssh-target.ts';

const maxVariables = 64;
const maxVariableBytes = 4_096;
const hangUpMs = 5_000;
/** As OpenSSH's `AcceptEnv` of Debian. */
const acceptedVariables = /^(?:LANG|LC_\w+)$/;
const signals = /^(?:ABRT|ALRM|FPE|HUP|ILL|INT|KILL|PIPE|QUIT|SEGV|TERM|USR1|USR2)$/;
const loginShell = 'cd; if [ -x /bin/bash ]; then exec /bin/bash -l; else exec /bin/sh -l; fi';
/** A command is its first argument. */
const commandShell = 'cd; exec /bin/sh -c "$1"';

/** One session channel: a command or a shell, with a terminal or without. */
export class SshSession {
  readonly #target: SshTarget;
  readonly #env: Record<string, string> = {};
  #terminal: { rows: number; cols: number } | undefined;
  #process: SshProcess | undefined;

  constructor(session: Session, target: SshTarget, gone: AbortSignal) {
    this.#target = target;
    session.on('env', (accept, reject, { key, val }: { key: string; val: string }) => {
      if (this.#takeVariable(key, val)) accept?.();
      else reject?.();
    });
    session.on('pty', (accept, _reject, info) => {
      this.#takeTerminal(info);
      accept?.();
    });
    session.on('window-change', (accept, _reject, { rows, cols }) => {
      this.#process?.resize(sizeOf(rows, cols));
      accept?.();
    });
    session.on('signal', (accept, reject, { name }) => {
      const isKnown = signals.test(name);
      if (isKnown) this.#process?.kill(`SIG${name}` as NodeJS.Signals);
      (isKnown ? accept : reject)?.();
    });
    session.on('x11', (_accept, reject) => reject?.());
    session.on('auth-agent', (_accept, reject) => reject?.());
    session.on('exec', (accept, _reject, { command }) => {
      void this.#run(accept(), ['/bin/sh', '-c', commandShell, 'sh', command], gone);
    });
    session.on('shell', accept => void this.#run(accept(), ['/bin/sh', '-c', loginShell], gone));
  }

  #takeVariable(key: string, value: string): boolean {
    if (!acceptedVariables.test(key) || Buffer.byteLength(value) > maxVariableBytes) return false;
    if (value.includes('\0') || Object.keys(this.#env).length >= maxVariables) return false;
    this.#env[key] = value;
    return true;
  }

  #takeTerminal({ rows, cols, ...info }: PseudoTtyInfo): void {
    this.#terminal = sizeOf(rows, cols);
    const { term } = info as { term?: string };
    if (term !== undefined && /^[\w.+-]{1,64}$/.test(term)) this.#env.TERM = term;
  }

  async #run(channel: ServerChannel, command: readonly string[], gone: AbortSignal): Promise<void> {
    channel.on('error', () => {}); // it is closed then
    try {
      const terminal = this.#terminal;
      const process = await this.#target.start({
        command,
        env: this.#env,
        ...(terminal && { tty: terminal }),
      });
      this.#process = process;
      await join(channel, process, gone);
    } catch (error) {
      channel.stderr.write(`${(error as Error).message}\n`);
      channel.exit(255);
      channel.end();
    }
  }
}

/** Resolves when the process has ended, and the channel was told. */
async function join(channel: ServerChannel, process: SshProcess, gone: AbortSignal): Promise<void> {
  let ended = false;
  const hangUp = (): void => {
    if (ended) return;
    process.kill('SIGHUP');
    const kill = setTimeout(() => {
      if (!ended) process.kill('SIGKILL');
    }, hangUpMs);
    process.exited.finally(() => clearTimeout(kill)).catch(() => {});
    // Nobody reads any more: the process must not wait for that.
    process.stdout.unpipe(channel).resume();
    process.stderr.unpipe(channel.stderr).resume();
  };
  channel.once('close', hangUp);
  if (gone.aborted) hangUp();
  process.stdin.on('error', () => {}); // it does not read any more
  channel.pipe(process.stdin);
  const outputs = [process.stdout, process.stderr].map(output => once(output, 'close'));
  process.stdout.pipe(channel, { end: false });
  process.stderr.pipe(channel.stderr, { end: false });
  const { exitCode } = await process.exited;
  ended = true;
  await Promise.all(outputs);
  channel.exit(exitCode);
  channel.end();
}

function sizeOf(rows: number, cols: number): { rows: number; cols: number } {
  const within = (value: number, usual: number) => (value >= 1 && value <= 65_535 ? value : usual);
  return { rows: within(rows, 24), cols: within(cols, 80) };
}
