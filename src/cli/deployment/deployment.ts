import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerDeploymentActions } from './actions.ts';
import { registerDeploymentCreate } from './create.ts';
import { registerDeploymentList } from './list.ts';
import { registerDeploymentRules } from './rules.ts';
import { registerTypeCreate } from './type-create.ts';

export function registerDeployment(program: Command, context: Context): void {
  const deployment = program
    .command('deployment')
    .description('slots that workspaces run in, one at a time each')
    .helpCommand(false);
  registerDeploymentCreate(deployment, context);
  registerDeploymentList(deployment, context);
  registerDeploymentActions(deployment, context);
  registerDeploymentRules(deployment, context);
  const type = program
    .command('workspace-type')
    .description('types that deployments are asked for by')
    .helpCommand(false);
  registerTypeCreate(type, context);
}
