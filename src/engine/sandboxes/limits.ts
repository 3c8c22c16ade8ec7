import { defaultServicesLimits, type ServicesLimits } from './services/limits.ts';

/** Times and limits of sandboxes; the server sets them from its settings. */
export interface SandboxLimits {
  /** Without activity a running sandbox is paused after this time; 0 = never. */
  readonly idleWarmMs: number;
  /** A paused sandbox is stopped after this time; 0 = never. */
  readonly idleColdMs: number;
  /** How long one request waits for a sandbox to execute. */
  readonly wakeTimeoutMs: number;
  /** How long the creation of a sandbox may take, its first boot included. */
  readonly createTimeoutMs: number;
  /** How long a creation that asks for it waits for a free place. */
  readonly capacityWaitMs: number;
  /** From the stop signal to SIGKILL, for what runs in a sandbox that goes cold. */
  readonly stopGraceMs: number;
  /** How much of a session's output is kept for whoever attaches later. */
  readonly scrollbackBytes: number;
  /** Pause before a sandbox that ended by itself is booted again for its services. */
  readonly rebootDelayMs: number;
  /** Sandboxes of one account; 0 = unlimited. */
  readonly maxSandboxes: number;
  /** Sandboxes of one account that execute at a time; 0 = unlimited. */
  readonly maxRunning: number;
  /** Creations of one account in a minute; 0 = unlimited. */
  readonly createPerMinute: number;
  /** One may ask for everything that the machine's administrator may do. */
  readonly allowPrivileged: boolean;
  readonly services: ServicesLimits;
}

export const defaultSandboxLimits: SandboxLimits = {
  idleWarmMs: 30_000,
  idleColdMs: 600_000,
  wakeTimeoutMs: 25_000,
  createTimeoutMs: 110_000,
  capacityWaitMs: 100_000,
  stopGraceMs: 10_000,
  scrollbackBytes: 1024 * 1024,
  rebootDelayMs: 2_000,
  maxSandboxes: 0,
  maxRunning: 0,
  createPerMinute: 0,
  allowPrivileged: false,
  services: defaultServicesLimits,
};
