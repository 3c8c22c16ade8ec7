import { stripVTControlCharacters } from 'node:util';
import { paint } from '../colours.ts';
import type { Terminal } from '../terminal.ts';

/** Lines of several sources on one terminal, each with a word in front that says whose it is. */
export class Output {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** What this command does itself. */
  async tell(text: string): Promise<void> {
    await this.#terminal.err(`${this.#prefix('berth', this.#terminal.errColours)}${text}`);
  }

  /** A line of a program. @param source such as the beginning of a backend's id */
  async line(source: string, text: string): Promise<void> {
    const plain = stripVTControlCharacters(text);
    const shown = this.#terminal.outColours ? text : plain;
    await this.#terminal.out(`${this.#prefix(source, this.#terminal.outColours)}${shown}`);
  }

  #prefix(source: string, colours: boolean): string {
    return `${paint(colours, 'dim', source.padEnd(6))} | `;
  }
}
