import {
  defaultSupervisionLimits,
  type RestartPolicy,
  type SupervisionLimits,
} from '../../supervision/index.ts';
import { defaultServiceLogLimits, type ServiceLogLimits } from '../service-log/index.ts';

/** Times and limits of the services of a sandbox; the server sets them from its settings. */
export interface ServicesLimits {
  /** Services of one sandbox. */
  readonly maxServices: number;
  /** Of services whose definition does not say. */
  readonly restart: RestartPolicy;
  /** How long a request waits for the port of a service that was started for it. */
  readonly httpPortTimeoutMs: number;
  readonly supervision: SupervisionLimits;
  readonly log: ServiceLogLimits;
}

export const defaultServicesLimits: ServicesLimits = {
  maxServices: 64,
  restart: 'always',
  httpPortTimeoutMs: 10_000,
  supervision: defaultSupervisionLimits,
  log: defaultServiceLogLimits,
};

/** How long the rest of a removed service's output is still copied to its log files. */
export const lastCopyTimeoutMs = 5_000;
/** How long a reader of a log waits for what was written just now to be copied to its files. */
export const freshnessTimeoutMs = 2_000;
/** Pause between two tries to reach a port. */
export const portPollMs = 25;
/** One try to reach a port. */
export const portTryMs = 1_000;
/** A request at a sandbox's host makes a failed service start at most this often. */
export const requestedStartMs = 1_000;
/** A service that was started so short a time ago may still be about to listen. */
export const youngServiceMs = 10_000;
/** The longest pause before a sandbox is booted again whose boots fail, or that keeps ending. */
export const longestRebootDelayMs = 60_000;
/** A sandbox that executed for so long before it ended is booted again after the first pause. */
export const stableMs = 60_000;
