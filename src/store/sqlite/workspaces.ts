import type { WorkspaceStore } from '../store.ts';
import type { Database } from './database.ts';
import { workspaceDeploymentStore } from './workspace-deployments.ts';
import { workspaceEventStore } from './workspace-events.ts';
import { workspaceFirewallStore } from './workspace-firewalls.ts';
import { workspaceInstanceStore } from './workspace-instances.ts';
import { workspaceQueueStore } from './workspace-queue.ts';
import { workspaceReportStore } from './workspace-reports.ts';
import { reservationRows, workspaceReservationStore } from './workspace-reservations.ts';
import { workspaceRuleStore } from './workspace-rules.ts';

export function workspaceStore(database: Database): WorkspaceStore {
  const reservations = reservationRows(database);
  const { list: deployments, ...deploymentStore } = workspaceDeploymentStore(database, reservations);
  const { list: rules, ...ruleStore } = workspaceRuleStore(database);
  return {
    ...deploymentStore,
    ...ruleStore,
    ...workspaceInstanceStore(database),
    ...workspaceReservationStore(database, reservations),
    ...workspaceQueueStore(database, { deployments, rules, reservations }),
    ...workspaceEventStore(database),
    ...workspaceReportStore(database),
    ...workspaceFirewallStore(database),
  };
}
