import type { GeneratedAlways } from 'kysely';
import type { EndReason, StopKind, WorkloadStatus } from '../../engine/workloads/status.ts';
import type { Role } from '../store.ts';
import type { WorkspaceSchema } from './workspace-schema.ts';

/** The tables as the newest migration leaves them. */
export interface Schema extends WorkspaceSchema {
  accounts: AccountRow;
  tokens: TokenRow;
  users: UserTable;
  members: MemberRow;
  sessions: SessionRow;
  services: ServiceRow;
  service_environments: ServiceEnvironmentRow;
  workloads: WorkloadRow;
  backends: BackendRow;
  locks: LockRow;
  sandboxes: SandboxRow;
  sandbox_boots: SandboxBootRow;
  sandbox_services: SandboxServiceRow;
  sandbox_checkpoints: SandboxCheckpointRow;
  sandbox_tasks: SandboxTaskRow;
  connection_tokens: ConnectionTokenRow;
  spawn_tokens: SpawnTokenRow;
  journal: JournalTable;
  counters: CounterRow;
  image_blobs: ImageBlobRow;
  image_manifests: ImageManifestRow;
  image_needs: ImageNeedRow;
  image_tags: ImageTagRow;
}

/** Milliseconds since 1970. */
type Time = number;
/** 0 or 1: SQLite has no boolean. */
type Flag = number;
type Json = string;

export interface AccountRow {
  id: string;
  name: string;
  is_admin: Flag;
  enabled: Flag;
  created_at: Time;
}

export interface TokenRow {
  id: string;
  account_id: string;
  label: string;
  public_part: string;
  hash: string;
  created_at: Time;
  expires_at: Time | null;
}

export interface UserTable extends UserRow {
  number: GeneratedAlways<number>;
}

export interface UserRow {
  account_id: string;
  name: string;
  role: Role;
  password_hash: string;
  email: string | null;
  created_at: Time;
}

export interface MemberRow {
  organisation_id: string;
  account_id: string;
}

export interface SessionRow {
  id: string;
  account_id: string;
  kind: 'browser' | 'command-line';
  user_agent: string;
  hash: string;
  created_at: Time;
  expires_at: Time;
}

export interface ServiceRow {
  id: string;
  account_id: string;
  name: string;
  program: Json | null;
  env: Json;
  created_at: Time;
  last_spawned_at: Time | null;
}

export interface ServiceEnvironmentRow {
  service_id: string;
  name: string;
  image_tag: string;
  created_at: Time;
  last_spawned_at: Time | null;
}

export interface SpawnTokenRow {
  hash: string;
  service_id: string;
  grace_ms: number | null;
  image_tag: string | null;
  created_at: Time;
}

export interface WorkloadRow {
  id: string;
  account_id: string;
  latest_seq: number;
  ended_at: Time | null;
  image_digest: string | null;
}

export interface BackendRow {
  id: string;
  service_id: string;
  service_name: string;
  environment_name: string;
  lock_scope: string | null;
  lock_name: string | null;
  key: string;
  fencing_token: number;
  access: 'open' | 'token';
  grace_ms: number;
  lifetime_ms: number | null;
  plan: Json;
  created_at: Time;
}

export interface LockRow {
  scope: string;
  name: string;
  workload_id: string;
}

export interface ConnectionTokenRow {
  backend_id: string;
  hash: string;
  kind: 'connection' | 'bearer';
  username: string | null;
  user_data: Json;
  secret: string;
}

export interface SandboxRow {
  id: string;
  account_id: string;
  name: string;
  host: string;
  image: Json;
  settings: Json;
  created_at: Time;
  updated_at: Time;
  last_running_at: Time | null;
  last_warm_at: Time | null;
  boot_error: string | null;
  checkpoint: number | null;
  next_checkpoint: number;
}

export interface SandboxBootRow {
  id: string;
  sandbox_id: string;
  plan: Json;
  created_at: Time;
}

export interface SandboxServiceRow {
  id: string;
  sandbox_id: string;
  name: string;
  definition: Json;
  desired: 'running' | 'stopped';
  run_id: string | null;
  started_at: Time | null;
  restart_count: number;
  error: string | null;
  exit_code: number | null;
  is_outdated: Flag;
}

export interface SandboxTaskRow {
  sandbox_id: string;
  name: string;
  started_at: Time;
  expires_at: Time;
}

export interface SandboxCheckpointRow {
  sandbox_id: string;
  number: number;
  comment: string | null;
  source: number | null;
  created_at: Time;
}

export interface JournalRow {
  seq: number;
  workload_id: string;
  status: WorkloadStatus;
  at: Time;
  reason: EndReason | null;
  kind: StopKind | null;
  exit_code: number | null;
  last_status: WorkloadStatus | null;
  out_of_memory: Flag | null;
}

interface JournalTable extends Omit<JournalRow, 'seq'> {
  seq: GeneratedAlways<number>;
}

export interface CounterRow {
  name: string;
  value: number;
}

export interface ImageBlobRow {
  service_id: string;
  digest: string;
  size_bytes: number;
  seen_at: Time;
}

export interface ImageManifestRow {
  service_id: string;
  digest: string;
  media_type: string;
  size_bytes: number;
  pushed_at: Time;
  subject: string | null;
  artifact_type: string | null;
  annotations: Json | null;
}

export interface ImageNeedRow {
  service_id: string;
  manifest: string;
  digest: string;
  kind: 'blob' | 'manifest';
}

export interface ImageTagRow {
  service_id: string;
  name: string;
  folded_name: string;
  digest: string;
  pushed_at: Time;
}
