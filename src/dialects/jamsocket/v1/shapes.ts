import type { Backend, StatusEntry } from '../../../engine/index.ts';
import type { Account } from '../../../identity/index.ts';
import type { JamsocketSettings } from '../parts.ts';
import { type V1Status, v1Statuses } from './states.ts';

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
    image_digest: backend.imageDigest ?? '-',
    environment_name: backend.environmentName,
    ...(memoryBytes !== undefined && { max_mem_bytes: memoryBytes }),
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
