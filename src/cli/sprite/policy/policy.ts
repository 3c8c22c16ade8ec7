import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { registerNetworkClear } from './network-clear.ts';
import { registerNetworkGet } from './network-get.ts';
import { registerNetworkSet } from './network-set.ts';
import { registerPrivileges } from './privileges.ts';
import { registerResources } from './resources.ts';

export function registerPolicy(parent: Command, context: Context): void {
  const policy = parent
    .command('policy')
    .description('what a sprite may reach, do and use')
    .helpCommand(false);
  const network = policy
    .command('network')
    .description('names that a sprite may reach; all others are refused once there is a rule')
    .helpCommand(false);
  registerNetworkGet(network, context);
  registerNetworkSet(network, context);
  registerNetworkClear(network, context);
  registerPrivileges(policy, context);
  registerResources(policy, context);
}
