import type { UnitExit } from './unit.ts';

/** One launched process of a unit. */
export interface UnitRun {
  readonly id: string;
  readonly pid: number;
  /** Begin of its launch. */
  readonly startedAt: Date;
  /** Settles when its end is recorded; its log is complete then. Stays open where the server stops before. */
  readonly ended: Promise<UnitExit>;
}

/** The moments of a unit, in the order in which they happened. What is told here is recorded. */
export type UnitEvent = { readonly at: Date } & (
  | {
      /** Its process runs: this was launched just now, or it ran before and was left as it is. */
      readonly type: 'started';
      readonly run: UnitRun;
      readonly isNew: boolean;
    }
  | {
      /** A start that failed or was given up. */
      readonly type: 'error';
      readonly text: string;
    }
  /** Its process is being stopped, if there is one; the output until `stopped` is that of this process. */
  | { readonly type: 'stopping'; readonly run?: UnitRun | undefined }
  /** Its process did not end in time and is killed. */
  | { readonly type: 'killed'; readonly timeoutMs: number }
  /** Nothing of it runs; the code is that of the process that ended last, if there was any. */
  | { readonly type: 'stopped'; readonly exitCode?: number | undefined }
);

/** What a subscriber gets: moments of all requests, and the end of each process, asked for or not. */
export type UnitFeedEvent =
  | UnitEvent
  | {
      readonly at: Date;
      readonly type: 'exit';
      readonly runId: string;
      readonly exitCode?: number | undefined;
    };
