/** One measurement; each has its file in `rows/`. */
export interface Bench {
  readonly name: string;
  /** How it is measured, in a sentence or two. */
  readonly method: string;
  /**
   * @param cleanUp takes what must be ended and removed afterwards, the latest first
   * @throws {NotHere} when this machine can't run it
   */
  run(cleanUp: AsyncDisposableStack): Promise<Row[]>;
}

/** One line of the table. */
export interface Row {
  readonly what: string;
  /** Berth's figure, with its unit. */
  readonly berth?: string;
  /** Who else was measured, and its figure. */
  readonly other?: string;
  /** Berth's figure by the other one's, or the other way round, as the budget has it. */
  readonly ratio?: number;
  readonly budget?: Budget;
  /** Why there is no figure. */
  readonly notMeasured?: string;
}

export interface Budget {
  readonly text: string;
  readonly reached: boolean;
}

export function atLeast(limit: number, value: number, unit = ''): Budget {
  return { text: `at least ${limit.toLocaleString('en')}${unit}`, reached: value >= limit };
}

export function atMost(limit: number, value: number, unit = ''): Budget {
  return { text: `at most ${limit.toLocaleString('en')}${unit}`, reached: value <= limit };
}

/** This machine lacks something that a measurement needs; the message says what. */
export class NotHere extends Error {
  override readonly name = 'NotHere';
}

/** What `make` gives, or why this machine can't have it. */
export async function ifHere<T>(make: Promise<T>): Promise<T | NotHere> {
  try {
    return await make;
  } catch (error) {
    if (error instanceof NotHere) return error;
    throw error;
  }
}
