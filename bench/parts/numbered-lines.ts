import { toolPath } from './tools.ts';

/** A program that writes the numbers from 1, one a line, as fast as they are taken. */
export async function numberedLines(count: number): Promise<readonly [string, ...string[]]> {
  return [await toolPath('busybox'), 'seq', '1', String(count)];
}

/** Checks that numbers come in order, none missing or doubled, and takes the time from the first to the last. */
export class LineCount {
  readonly #expected: number;
  #next = 1;
  #startedAt = 0;
  #endedAt = 0;

  constructor(expected: number) {
    this.#expected = expected;
  }

  /** @throws {Error} when this is not the next number */
  take(line: string): void {
    if (this.#next === 1) this.#startedAt = performance.now();
    if (line !== String(this.#next)) throw new Error(`line ${this.#next} was expected, "${line}" came`);
    if (this.#next === this.#expected) this.#endedAt = performance.now();
    this.#next++;
  }

  /** @throws {Error} when lines are missing at the end */
  get linesPerSecond(): number {
    const got = this.#next - 1;
    if (got !== this.#expected) throw new Error(`${got} lines came, not ${this.#expected}`);
    return (this.#expected / (this.#endedAt - this.#startedAt)) * 1000;
  }
}
