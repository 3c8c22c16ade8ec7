import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ReadStream } from 'node:tty';
import type { TerminalSize } from '../client/index.ts';

/** The bytes that a program elsewhere reads and writes as if it ran here. */
export interface Streams {
  readonly stdin: Readable;
  readonly stdinIsTerminal: boolean;
  /** Settles when there is room for more. */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>;
  /** Keys come one by one and unseen, until it is put back. */
  setRaw(raw: boolean): void;
  /** Undefined where stdout is no terminal. */
  size(): TerminalSize | undefined;
  /** @returns stops it */
  onResize(listener: () => void): () => void;
  /** Takes the signals that would end this program. @returns stops it */
  onSignal(listener: (name: NodeJS.Signals) => void): () => void;
}

/** Those that people and service managers send to a program to tell it something. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

export function processStreams(): Streams {
  return new ProcessStreams();
}

/** Touches stdin only when it is asked for. */
class ProcessStreams implements Streams {
  get stdin(): Readable {
    return process.stdin;
  }

  get stdinIsTerminal(): boolean {
    return process.stdin.isTTY === true;
  }

  async write(name: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    const stream: Writable = process[name];
    if (!stream.write(bytes)) await once(stream, 'drain');
  }

  setRaw(raw: boolean): void {
    const stdin: ReadStream = process.stdin;
    if (stdin.isTTY) stdin.setRawMode(raw);
  }

  size(): TerminalSize | undefined {
    const { isTTY, rows, columns } = process.stdout;
    // A terminal may not know its size.
    return isTTY ? { rows: rows || 24, cols: columns || 80 } : undefined;
  }

  onResize(listener: () => void): () => void {
    process.stdout.on('resize', listener);
    return () => void process.stdout.off('resize', listener);
  }

  onSignal(listener: (name: NodeJS.Signals) => void): () => void {
    for (const name of forwarded) process.on(name, listener);
    return () => {
      for (const name of forwarded) process.off(name, listener);
    };
  }
}
