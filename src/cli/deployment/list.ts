import type { Command } from 'commander';
import type { DeploymentSummary } from '../../client/index.ts';
import { timeText } from '../age.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';

interface Options extends ServerOptions {
  readonly all?: boolean;
}

export function registerDeploymentList(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('list')
      .alias('ls')
      .description('list deployments, oldest first')
      .option('--all', 'those that were dissolved, too'),
  ).action(async ({ all, ...options }: Options) => {
    const { terminal } = context;
    const { client } = await connect(context, options);
    const found = await client.workspaces.deployments();
    const deployments = found.filter(({ dissolved_at: dissolvedAt }) => all || dissolvedAt === null);
    if (options.json) {
      await printJson(terminal, { deployments });
      return;
    }
    const columns = [
      { title: 'id', value: ({ id }: DeploymentSummary) => id },
      { title: 'type', value: ({ type }: DeploymentSummary) => type },
      { title: 'region', value: ({ region }: DeploymentSummary) => region || '-' },
      { title: 'owner', value: ({ owner }: DeploymentSummary) => owner },
      { title: 'state', value: stateText },
      { title: 'finished', value: ({ finished }: DeploymentSummary) => String(finished) },
      {
        title: 'created',
        value: ({ created_at: createdAt }: DeploymentSummary) => timeText(createdAt, terminal),
      },
    ];
    await printTable(
      terminal,
      deployments,
      columns,
      'There is no deployment. Create one: berth deployment create --type NAME --image host',
    );
  });
}

function stateText({ dissolved_at: dissolvedAt, locked }: DeploymentSummary): string {
  if (dissolvedAt !== null) return 'dissolved';
  return locked ? 'locked' : 'open';
}
