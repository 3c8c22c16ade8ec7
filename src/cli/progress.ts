import { paint } from './colours.ts';
import type { Terminal } from './terminal.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const redrawMs = 100;
const eraseLine = '\r\u001b[2K';

/** Shows what is being waited for: a moving line on a terminal, a line for each step elsewhere. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #startedAt = performance.now();
  #step = '';
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get seconds(): string {
    return ((performance.now() - this.#startedAt) / 1000).toFixed(2);
  }

  async show(step: string): Promise<void> {
    if (step === this.#step) return;
    this.#step = step;
    if (!this.#terminal.errIsTerminal) {
      await this.#terminal.err(step);
      return;
    }
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), redrawMs);
  }

  /** Takes the line away. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#timer !== undefined) this.#terminal.errRaw(eraseLine);
    this.#timer = undefined;
  }

  #draw(): void {
    const frame = frames[this.#frame++ % frames.length] ?? '';
    const { errColours } = this.#terminal;
    const seconds = paint(errColours, 'dim', `${this.seconds} s`);
    this.#terminal.errRaw(`${eraseLine}${paint(errColours, 'cyan', frame)} ${this.#step} ${seconds}`);
  }
}
