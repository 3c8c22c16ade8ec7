import { join } from 'node:path';
import { eventSender, workspaceLayout } from '../dialects/index.ts';
import { type AccessGateway, defaultWorkspaceLimits, type EngineParts } from '../engine/index.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Settings } from './settings/index.ts';
import { SshWays } from './workspace-access/ssh-ways.ts';

/** What the engine has to know to run workspaces. */
export function workspaceSetup({ rerobots }: Settings, gateway: AccessGateway): EngineParts['workspaces'] {
  return {
    gateway,
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

/** How people get into workspaces. */
export function workspaceWays({ dataDir, host, rerobots }: Settings, runtime: Runtime): SshWays {
  const [firstPort = 0, lastPort = firstPort] = rerobots.sshPorts.split('-').map(Number);
  const folder = join(dataDir, 'workspace-access');
  // Without isolation all that can be reached of a workspace is its home folder.
  const home = runtime.capabilities().isolation ? workspaceLayout.account.home : '/';
  return new SshWays({ folder, runtime, host: rerobots.sshHost ?? host, home, firstPort, lastPort });
}
