import type { GeneratedAlways } from 'kysely';
import type { InstanceStatus } from '../../engine/workspaces/instance-status.ts';
import type { WorkspaceEvent } from '../store.ts';

/** The tables of workspaces, as the newest migration leaves them. */
export interface WorkspaceSchema {
  workspace_types: WorkspaceTypeRow;
  workspace_deployments: WorkspaceDeploymentRow;
  workspace_rules: WorkspaceRuleRow;
  workspace_instances: WorkspaceInstanceRow;
  workspace_reservations: WorkspaceReservationTable;
  workspace_events: WorkspaceEventTable;
  workspace_reports: WorkspaceReportTable;
  workspace_firewall_rules: WorkspaceFirewallRuleTable;
}

/** Milliseconds since 1970. */
type Time = number;
/** 0 or 1: SQLite has no boolean. */
type Flag = number;
type Json = string;

export interface WorkspaceTypeRow {
  name: string;
  created_at: Time;
}

export interface WorkspaceDeploymentRow {
  id: string;
  type: string;
  type_version: number;
  kind: 'local' | 'device';
  description: string;
  region: string;
  account_id: string;
  image: Json | null;
  is_hidden: Flag;
  denies_by_default: Flag;
  is_locked: Flag;
  finished_count: number;
  failures_in_a_row: number;
  next_rule: number;
  created_at: Time;
  dissolved_at: Time | null;
}

export interface WorkspaceRuleRow {
  deployment_id: string;
  number: number;
  subject: string;
  allows: Flag;
  created_at: Time;
}

export interface WorkspaceInstanceRow {
  id: string;
  deployment_id: string;
  account_id: string;
  status: InstanceStatus;
  options: Json;
  private_key: string | null;
  was_reserved: Flag;
  started_at: Time;
  expires_at: Time | null;
  ended_at: Time | null;
}

export interface WorkspaceFirewallRuleTable {
  seq: GeneratedAlways<number>;
  instance_id: string;
  source: string;
  action: 'accept' | 'drop' | 'reject';
}

export interface WorkspaceReservationRow {
  seq: number;
  id: string;
  account_id: string;
  target: Json;
  options: Json;
  is_exempt: Flag;
  created_at: Time;
  expires_at: Time | null;
}

interface WorkspaceReservationTable extends Omit<WorkspaceReservationRow, 'seq'> {
  seq: GeneratedAlways<number>;
}

export interface WorkspaceEventRow {
  seq: number;
  id: string;
  subject_id: string;
  deployment_id: string | null;
  account_name: string;
  kind: WorkspaceEvent['kind'];
  was_reserved: Flag;
  url: string;
  failures: number;
  due_at: Time;
}

interface WorkspaceEventTable extends Omit<WorkspaceEventRow, 'seq'> {
  seq: GeneratedAlways<number>;
}

interface WorkspaceReportTable {
  seq: GeneratedAlways<number>;
  instance_id: string;
  kind: string;
  content: Json;
  at: Time;
}
