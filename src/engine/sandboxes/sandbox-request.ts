import { BerthError } from '../../lib/errors.ts';
import type { ResourceLimits } from '../../runtime/runtime.ts';
import type { Account, SandboxSettings } from '../../store/store.ts';
import { checkEnvironment } from '../backends/environment.ts';

export interface NewSandboxRequest {
  readonly account: Account;
  readonly name: string;
  readonly access?: SandboxSettings['access'];
  readonly labels?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly limits?: ResourceLimits;
  readonly idleWarmMs?: number;
  readonly idleColdMs?: number;
  readonly notes?: SandboxSettings['notes'];
  /** Waits for a free place where the account has as many running as it may. */
  readonly waitForCapacity?: boolean;
  /** The caller went away. */
  readonly signal?: AbortSignal;
}

/** A part of a host name, with room for the account's suffix behind it. */
const namePattern = /^[a-z0-9]([a-z0-9-]{0,54}[a-z0-9])?$/;
const maxLabels = 64;
const maxLabelBytes = 128;
const maxEnvironmentBytes = 256 * 1024;

/**
 * The settings that a sandbox begins with.
 * @throws {BerthError} `invalid`
 */
export function settingsOf(request: NewSandboxRequest): SandboxSettings {
  const { access = 'owner', labels = [], environment = {}, limits = {}, notes = {} } = request;
  checkLabels(labels);
  checkEnvironment(environment, maxEnvironmentBytes);
  return {
    access,
    labels,
    environment,
    limits,
    notes,
    ...(request.idleWarmMs !== undefined && { idleWarmMs: request.idleWarmMs }),
    ...(request.idleColdMs !== undefined && { idleColdMs: request.idleColdMs }),
  };
}

export function isSandboxName(name: string): boolean {
  return namePattern.test(name);
}

/** @throws {BerthError} `invalid` */
export function checkLabels(labels: readonly string[]): void {
  if (labels.length > maxLabels) {
    throw new BerthError('invalid', `labels: ${labels.length} are too many; the limit is ${maxLabels}`);
  }
  const long = labels.find(label => Buffer.byteLength(label) > maxLabelBytes);
  if (long !== undefined) {
    throw new BerthError('invalid', `labels: one has more than ${maxLabelBytes} bytes`);
  }
}
