import { ApiError, ConnectionError, type ExecConnection } from '../../client/index.ts';
import { CommandExit } from '../command-exit.ts';
import type { Context } from '../context.ts';
import { explain } from '../explain.ts';
import type { Streams } from '../streams.ts';

/** Of a command that could not be run, or whose end is not known, as container engines have it. */
const ownFailureExitCode = 125;
/** As shells have it. */
const interruptedExitCode = 130;
/** Ctrl-\ leaves a terminal, and what runs in it goes on. */
const detachKey = 0x1c;
/** Who asks that often does not want to wait for a command that does not hear. */
const impatientInterrupts = 3;

export interface RunOptions {
  /** Of the sprite, for what is told. */
  readonly name: string;
  readonly streams: Streams;
  /** False: nothing of stdin is sent. */
  readonly sendInput: boolean;
  /** Leaves when SIGQUIT comes, instead of sending it on. */
  readonly quitDetaches?: boolean;
}

/**
 * Joins a command in a sprite to the streams here, until it ends or the person leaves.
 * @returns its exit code; 0 after leaving it, 130 after giving up on it
 * @throws {ConnectionError}
 */
export async function runSession(
  { terminal }: Context,
  connection: ExecConnection,
  { name, streams, sendInput, quitDetaches = false }: RunOptions,
): Promise<number> {
  const undo: (() => void)[] = [];
  let session = '';
  let leftWith: number | undefined;
  let interrupts = 0;
  const leave = (exitCode = 0): void => {
    leftWith = exitCode;
    connection.close();
  };
  undo.push(
    streams.onSignal(signal => {
      if (signal === 'SIGINT' && ++interrupts >= impatientInterrupts) leave(interruptedExitCode);
      else if (signal === 'SIGQUIT' && quitDetaches) leave();
      else void connection.signal(signal);
    }),
  );
  try {
    for await (const event of connection.events()) {
      if (event.type === 'exit') return event.exitCode;
      if (event.type === 'output') {
        await streams.write(event.stream, event.bytes);
        continue;
      }
      session = event.id;
      if (event.tty) undo.push(...takeTerminal(connection, streams));
      undo.push(feed(connection, streams, { isTerminal: event.tty, sendInput, leave }));
    }
  } catch (error) {
    if (leftWith === undefined) throw error;
  } finally {
    for (const step of undo) step();
  }
  await terminal.err(`\nLeft it. If it goes on: berth sprite attach ${name} ${session}`);
  return leftWith ?? 0;
}

/** Ends the command line as the command ended; failures of our own have a code that commands seldom have. */
export async function passOn(context: Context, run: () => Promise<number>): Promise<void> {
  try {
    const exitCode = await run();
    if (exitCode !== 0) throw new CommandExit(exitCode);
  } catch (error) {
    if (!(error instanceof ConnectionError || error instanceof ApiError)) throw error;
    await context.terminal.err(`berth: ${explain(error).text}`);
    throw new CommandExit(ownFailureExitCode);
  }
}

function takeTerminal(connection: ExecConnection, streams: Streams): (() => void)[] {
  const tellSize = (): void => {
    const size = streams.size();
    if (size !== undefined) void connection.resize(size);
  };
  streams.setRaw(true);
  // Whoever attaches brings a size of their own.
  tellSize();
  return [streams.onResize(tellSize), () => streams.setRaw(false)];
}

interface FeedOptions {
  readonly isTerminal: boolean;
  readonly sendInput: boolean;
  readonly leave: () => void;
}

/** Sends what comes in, at the pace at which it is taken. @returns stops it */
function feed(connection: ExecConnection, { stdin }: Streams, options: FeedOptions): () => void {
  const { isTerminal, sendInput, leave } = options;
  if (!sendInput) {
    void connection.endInput();
    return () => {};
  }
  let sending: Promise<void> = Promise.resolve();
  const onData = (bytes: Buffer): void => {
    const at = isTerminal ? bytes.indexOf(detachKey) : -1;
    const sent = at < 0 ? bytes : bytes.subarray(0, at);
    stdin.pause();
    sending = (async () => {
      if (sent.length > 0) await connection.write(sent);
      if (at < 0) stdin.resume();
      else leave();
    })();
  };
  // The end may be told while the last piece is on its way.
  const onEnd = (): void => void sending.then(() => connection.endInput());
  stdin.on('data', onData);
  stdin.once('end', onEnd);
  return () => {
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.pause();
  };
}
