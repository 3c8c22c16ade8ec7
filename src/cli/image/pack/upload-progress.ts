import { Progress } from '../../progress.ts';
import type { Terminal } from '../../terminal.ts';
import { sizeText } from '../size.ts';

/** Shows how much was sent, where somebody looks at it. */
export class UploadProgress implements Disposable {
  readonly #terminal: Terminal;
  readonly #progress: Progress;
  #step = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#progress = new Progress(terminal);
  }

  get seconds(): string {
    return this.#progress.seconds;
  }

  async begin(step: string): Promise<void> {
    this.#step = step;
    await this.#progress.show(step);
  }

  readonly sent = (bytes: number): void => {
    if (this.#terminal.errIsTerminal) void this.#progress.show(`${this.#step}: ${sizeText(bytes)}`);
  };

  [Symbol.dispose](): void {
    this.#progress.end();
  }
}
