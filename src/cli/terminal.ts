import { once } from 'node:events';
import type { WriteStream } from 'node:tty';

/** Where a command's output goes. Lines are written whole; a promise settles when there is room for more. */
export interface Terminal {
  /** The result of a command. */
  out(line: string): Promise<void>;
  /** Everything else: progress, notes, errors. */
  err(line: string): Promise<void>;
  /** Without line end, for a line that is drawn again. */
  errRaw(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  readonly outColours: boolean;
  readonly errColours: boolean;
  readonly columns: number;
}

export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  // `berth backend list | head` is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  stderr.on('error', () => {});
  const isTerminal = (stream: WriteStream) => stream.isTTY === true && env.TERM !== 'dumb';
  const colours = (stream: WriteStream) => isTerminal(stream) && !env.NO_COLOR;
  return {
    out: line => write(stdout, `${line}\n`),
    err: line => write(stderr, `${line}\n`),
    errRaw: text => void stderr.write(text),
    outIsTerminal: isTerminal(stdout),
    errIsTerminal: isTerminal(stderr),
    outColours: colours(stdout),
    errColours: colours(stderr),
    columns: stdout.columns ?? 100,
  };
}

/** Settles when all that was written is out: a pipe whose reader is slow takes it later. */
export async function outputsFlushed(): Promise<void> {
  const { stdout, stderr } = process;
  await Promise.all([stdout, stderr].map(stream => new Promise(resolve => stream.write('', resolve))));
}

async function write(stream: WriteStream, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain');
}
