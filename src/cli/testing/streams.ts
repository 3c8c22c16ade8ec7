import { PassThrough } from 'node:stream';
import type { TerminalSize } from '../../client/index.ts';
import type { Streams } from '../streams.ts';

/** Streams that a test types into and reads. */
export class TestStreams implements Streams {
  readonly stdin = new PassThrough();
  readonly stdinIsTerminal: boolean;
  readonly written = { stdout: '', stderr: '' };
  raw = false;
  #size: TerminalSize | undefined;
  #resized = (): void => {};
  #signalled: (name: NodeJS.Signals) => void = () => {};

  /** @param size of the terminal, where there is one */
  constructor(size?: TerminalSize) {
    this.#size = size;
    this.stdinIsTerminal = size !== undefined;
  }

  async write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    this.written[stream] += Buffer.from(bytes).toString();
  }

  setRaw(raw: boolean): void {
    this.raw = raw;
  }

  size(): TerminalSize | undefined {
    return this.#size;
  }

  onResize(listener: () => void): () => void {
    this.#resized = listener;
    return () => {
      this.#resized = () => {};
    };
  }

  onSignal(listener: (name: NodeJS.Signals) => void): () => void {
    this.#signalled = listener;
    return () => {
      this.#signalled = () => {};
    };
  }

  resize(size: TerminalSize): void {
    this.#size = size;
    this.#resized();
  }

  signal(name: NodeJS.Signals): void {
    this.#signalled(name);
  }
}
