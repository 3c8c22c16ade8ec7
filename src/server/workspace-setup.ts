import { eventSender, workspaceLayout } from '../dialects/index.ts';
import { defaultWorkspaceLimits, type EngineParts } from '../engine/index.ts';
import type { Settings } from './settings/index.ts';

/** What the engine has to know to run workspaces. */
export function workspaceSetup({ rerobots }: Settings): EngineParts['workspaces'] {
  return {
    layout: workspaceLayout,
    sendEvent: eventSender(rerobots.eurlAllow),
    limits: {
      ...defaultWorkspaceLimits,
      maxActivePerAccount: rerobots.maxActivePerUser,
      maxReservationsPerAccount: rerobots.maxReservationsPerUser,
      startTimeoutMs: rerobots.localInitTimeout * 1_000,
      lockAfterFailures: rerobots.lockoutAfterInitFail,
      keepAliveMs: rerobots.keepalive * 1_000,
      historyMs: rerobots.historyDays * 86_400_000,
    },
  };
}
