import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';

/** What a person types, or a program pipes in. */
export interface Input {
  readonly isTerminal: boolean;
  /** A line without its end; undefined when there is no more. */
  line(prompt: string): Promise<string | undefined>;
  /** The same, and not shown while it is typed. */
  secret(prompt: string): Promise<string | undefined>;
}

export function processInput(): Input {
  return new ProcessInput();
}

/** Reads stdin only when something is asked for. */
class ProcessInput implements Input {
  readonly isTerminal = process.stdin.isTTY === true;
  #hidden = false;
  #lines: AsyncIterator<string> | undefined;
  #reader: Interface | undefined;

  async line(prompt: string): Promise<string | undefined> {
    this.#open();
    // Prompts are no result; a program that pipes lines in wants none.
    if (this.isTerminal) this.#reader?.setPrompt(prompt);
    if (this.isTerminal) this.#reader?.prompt();
    const next = await this.#lines?.next();
    return next === undefined || next.done ? undefined : next.value;
  }

  async secret(prompt: string): Promise<string | undefined> {
    this.#open();
    if (!this.isTerminal) return await this.line(prompt);
    process.stderr.write(prompt);
    this.#hidden = true;
    try {
      return await this.line('');
    } finally {
      this.#hidden = false;
      process.stderr.write('\n');
    }
  }

  #open(): void {
    if (this.#reader !== undefined) return;
    const echo = new Writable({
      write: (chunk: Buffer, _, done) => {
        if (!this.#hidden) process.stderr.write(chunk);
        done();
      },
    });
    const reader = createInterface({ input: process.stdin, output: echo, terminal: this.isTerminal });
    // As without a reader, which keeps the signal for itself.
    reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    this.#reader = reader;
    this.#lines = reader[Symbol.asyncIterator]();
  }
}
