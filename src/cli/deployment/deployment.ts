import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { registerDeploymentActions } from './actions.ts';
import { registerDeploymentCreate } from './create.ts';
import { registerDeploymentList } from './list.ts';
import { registerDeploymentRules } from './rules.ts';

export function registerDeployment(program: Command, context: Context): void {
  const deployment = program.command('deployment').helpCommand(false);
  registerDeploymentCreate(deployment, context);
  registerDeploymentList(deployment, context);
  registerDeploymentActions(deployment, context);
  registerDeploymentRules(deployment, context);
}
