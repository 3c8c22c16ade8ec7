import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import { randomId } from '../../lib/ids.ts';
import type { ImageReference, ResourceLimits } from '../../runtime/runtime.ts';
import type {
  Account,
  IdentityField,
  Lock,
  NewBackend,
  PlannedMount,
  Service,
  ServiceEnvironment,
} from '../../store/store.ts';
import type { EngineLimits } from '../limits.ts';
import { checkEnvironment } from './environment.ts';
import { checkLockName } from './lock-rules.ts';
import { type MountRequest, planMount } from './mount-request.ts';
import { defaultEnvironment } from './services.ts';

export interface SpawnRequest {
  readonly account: Account;
  readonly service: Service;
  /** Name of a service environment; `default` when absent. */
  readonly environment?: string;
  readonly lock?: {
    readonly name: string;
    /** Whether other services of the account compete for the same name. */
    readonly scope: 'account' | 'service';
    /** The caller's word for it, for error texts. */
    readonly field: string;
  };
  readonly env?: Readonly<Record<string, string>>;
  /** Tag or digest instead of the environment's. */
  readonly imageTag?: string;
  /** Idle time before the sweep, ms. */
  readonly graceMs?: number;
  /** Variables that tell the program who it is, laid over `env`. */
  readonly identity?: Readonly<Record<string, IdentityField>>;
  /** Total time from now, ms. */
  readonly lifetimeMs?: number;
  readonly access: 'open' | 'token';
  readonly limits?: ResourceLimits;
  readonly mount?: MountRequest;
  /** The caller went away: nothing is spawned any more. */
  readonly signal?: AbortSignal;
}

/**
 * The lock that a request asks for.
 * @throws {BerthError} `invalid`
 */
export function lockOf({
  lock,
  account,
  service,
}: Pick<SpawnRequest, 'account' | 'service' | 'lock'>): Lock | undefined {
  if (lock === undefined) return undefined;
  checkLockName(lock.name, lock.field);
  const scope = lock.scope === 'account' ? `account:${account.id}` : `service:${service.id}`;
  return { scope, name: lock.name };
}

/**
 * The folders that a request asks for.
 * @throws {BerthError} `invalid`
 */
export function mountsOf(
  { mount, account, service }: SpawnRequest,
  lock: Lock | undefined,
): readonly PlannedMount[] {
  return mount === undefined ? [] : [planMount(mount, { account, service, lock })];
}

/**
 * A backend as a request asks for it.
 * @throws {BerthError} `invalid`, `not-found` (environment)
 */
export function planBackend(
  request: SpawnRequest,
  { lock, mounts }: { lock: Lock | undefined; mounts: readonly PlannedMount[] },
  limits: EngineLimits,
  clock: Clock,
): NewBackend {
  const { account, service, environment: environmentName = defaultEnvironment, env = {} } = request;
  const environment = service.environments.find(({ name }) => name === environmentName);
  if (environment === undefined) throw new BerthError('not-found', 'service environment not found');
  checkEnvironment(env, limits.maxEnvBytes);
  const { program } = service;
  return {
    id: randomId(),
    accountId: account.id,
    serviceId: service.id,
    serviceName: service.name,
    environmentName,
    key: lock?.name ?? `lk-${randomId(14)}`,
    access: request.access,
    graceMs: request.graceMs ?? limits.defaultGraceMs,
    plan: {
      image: imageOf(request, environment),
      ...(program && { command: program.command }),
      ...(program?.directory && { directory: program.directory }),
      env: { ...service.env, ...env },
      ...(request.identity && { identity: request.identity }),
      limits: request.limits ?? {},
      ...(mounts.length > 0 && { mounts }),
    },
    createdAt: clock.now(),
    ...(lock && { lock }),
    ...(request.lifetimeMs !== undefined && { lifetimeMs: request.lifetimeMs }),
  };
}

function imageOf(
  { account, service, imageTag }: SpawnRequest,
  environment: ServiceEnvironment,
): ImageReference {
  if (service.program !== undefined) return { kind: 'host' };
  const repository = `${account.name}/${service.name}`;
  return { kind: 'repository', repository, reference: imageTag ?? environment.imageTag };
}
