import type { UnitStatus } from './unit-status.ts';

/** When a unit that ended by itself is started again. */
export type RestartPolicy = 'always' | 'on-failure' | 'never';

export interface UnitDefinition<Spec> {
  /** What to run; the owner's business. Plain values: two definitions are compared by them. */
  readonly spec: Spec;
  /** Names of units that are started before it. */
  readonly needs: readonly string[];
  /** Once its process accepts connections there, it is up for those that need it. */
  readonly port?: number | undefined;
  readonly restart: RestartPolicy;
}

/** All that must be remembered of a unit. */
export interface Unit<Spec> {
  readonly name: string;
  readonly definition: UnitDefinition<Spec>;
  /** Changed by requests only, never by what its process does. */
  readonly desired: 'running' | 'stopped';
  readonly record: UnitRecord;
}

/** How far a unit has come: after a restart of the server it is driven on from here. */
export interface UnitRecord {
  /** The process that was launched last, until its end is recorded. */
  readonly runId?: string | undefined;
  /** Begin of the last launch. */
  readonly startedAt?: Date | undefined;
  /** Automatic starts since somebody asked for one. */
  readonly restartCount: number;
  /** Why it is not running, where it should be. */
  readonly error?: string | undefined;
  /** Of the process that ended last, unless a start was asked for since; 128 + n after signal n. */
  readonly exitCode?: number | undefined;
  /** The process of `runId` runs by an older definition and is to be restarted. */
  readonly isOutdated?: boolean | undefined;
}

/** What can be seen of a unit. */
export interface UnitState {
  readonly status: UnitStatus;
  /** While `running` and `stopping`. */
  readonly runId?: string;
  /** As the owner's `start` told it; while `running` and `stopping`. */
  readonly pid?: number;
  readonly startedAt?: Date;
  /** While `failed`, or while a restart is pending. */
  readonly error?: string;
  readonly exitCode?: number;
  readonly restartCount: number;
  /** While a restart is pending. */
  readonly nextRestartAt?: Date;
}

/** How a process ended. */
export interface UnitExit {
  /** 128 + n after signal n; absent when nobody saw the end. */
  readonly exitCode?: number | undefined;
  readonly exitedAt: Date;
}
