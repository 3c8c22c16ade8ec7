import type { Input } from './input.ts';
import type { Streams } from './streams.ts';
import type { Terminal } from './terminal.ts';

/** What every command gets. */
export interface Context {
  readonly terminal: Terminal;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** What is typed or piped in; absent where nothing can be. */
  readonly input?: Input;
  /** The bytes around this program; absent where it has none. */
  readonly streams?: Streams;
}
