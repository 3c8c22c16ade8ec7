import type { Backend, Service, StatusEntry } from '../../engine/index.ts';
import type { Account } from '../../identity/index.ts';
import type { JamsocketSettings } from './parts.ts';
import { type V1Status, v1Statuses } from './states.ts';

export const ok = { status: 'ok' } as const;

/** One item of the list of running backends. */
export function backendItem(backend: Backend, account: Account, settings: JamsocketSettings, now: V1Status) {
  return { ...commonFields(backend, account, settings), status: now.state, status_timestamp: now.at };
}

/** All that is told of one backend. */
export function backendInfo(
  backend: Backend,
  account: Account,
  settings: JamsocketSettings,
  history: readonly StatusEntry[],
) {
  const { memoryBytes } = backend.plan.limits;
  return {
    ...commonFields(backend, account, settings),
    statuses: v1Statuses(history).map(({ state, at }) => ({ value: state, timestamp: at })),
    image_digest: '-',
    environment_name: backend.environmentName,
    ...(memoryBytes !== undefined && { max_mem_bytes: memoryBytes }),
  };
}

export function serviceInfo(service: Service, account: Account, settings: JamsocketSettings) {
  return {
    name: service.name,
    account_name: account.name,
    created_at: service.createdAt,
    last_spawned_at: service.lastSpawnedAt ?? null,
    last_image_upload_time: null,
    last_image_digest: null,
    image_name: `${settings.registryHost}/${account.name}/${service.name}`,
    environments: service.environments.map(environment => ({
      name: environment.name,
      image_tag: environment.imageTag,
      cluster: settings.clusterName,
      created_at: environment.createdAt,
      last_spawned_at: environment.lastSpawnedAt ?? null,
    })),
    spawn_tokens_count: 0,
  };
}

function commonFields(backend: Backend, account: Account, { clusterName }: JamsocketSettings) {
  return {
    name: backend.id,
    created_at: backend.createdAt,
    service_name: backend.serviceName,
    cluster_name: clusterName,
    account_name: account.name,
    ...(backend.lock && { lock: backend.lock.name }),
  };
}
