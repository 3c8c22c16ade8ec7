import type { Terminal } from './terminal.ts';

/** What every command gets. */
export interface Context {
  readonly terminal: Terminal;
  readonly env: Readonly<NodeJS.ProcessEnv>;
}
