import type { Backend, NewBackend, NewStatus, StatusEntry, WorkloadPlan } from '../store.ts';
import type { BackendRow, JournalRow, WorkloadRow } from './schema.ts';

export function toJournalRow(entry: NewStatus): Omit<JournalRow, 'seq'> {
  return {
    workload_id: entry.workloadId,
    status: entry.status,
    at: entry.at.getTime(),
    reason: entry.reason ?? null,
    kind: entry.kind ?? null,
    exit_code: entry.exitCode ?? null,
    last_status: entry.lastStatus ?? null,
    out_of_memory: entry.outOfMemory === undefined ? null : Number(entry.outOfMemory),
  };
}

export function fromJournalRow(row: JournalRow): StatusEntry {
  return {
    workloadId: row.workload_id,
    seq: row.seq,
    status: row.status,
    at: new Date(row.at),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.kind !== null && { kind: row.kind }),
    ...(row.exit_code !== null && { exitCode: row.exit_code }),
    ...(row.last_status !== null && { lastStatus: row.last_status }),
    ...(row.out_of_memory !== null && { outOfMemory: row.out_of_memory === 1 }),
  };
}

export function toBackendRow(backend: NewBackend, fencingToken: number): BackendRow {
  return {
    id: backend.id,
    service_id: backend.serviceId,
    service_name: backend.serviceName,
    environment_name: backend.environmentName,
    lock_scope: backend.lock?.scope ?? null,
    lock_name: backend.lock?.name ?? null,
    key: backend.key,
    fencing_token: fencingToken,
    access: backend.access,
    grace_ms: backend.graceMs,
    lifetime_ms: backend.lifetimeMs ?? null,
    plan: JSON.stringify(backend.plan),
    created_at: backend.createdAt.getTime(),
  };
}

/** A backend joined with its workload and the last entry of its history. */
export type WholeBackendRow = BackendRow & JournalRow & Pick<WorkloadRow, 'account_id' | 'image_digest'>;

export function fromBackendRow(row: WholeBackendRow): Backend {
  return {
    id: row.id,
    accountId: row.account_id,
    serviceId: row.service_id,
    serviceName: row.service_name,
    environmentName: row.environment_name,
    ...(row.lock_scope !== null &&
      row.lock_name !== null && { lock: { scope: row.lock_scope, name: row.lock_name } }),
    key: row.key,
    fencingToken: row.fencing_token,
    access: row.access,
    graceMs: row.grace_ms,
    ...(row.lifetime_ms !== null && { lifetimeMs: row.lifetime_ms }),
    plan: JSON.parse(row.plan) as WorkloadPlan,
    ...(row.image_digest !== null && { imageDigest: row.image_digest }),
    createdAt: new Date(row.created_at),
    latest: fromJournalRow(row),
  };
}
