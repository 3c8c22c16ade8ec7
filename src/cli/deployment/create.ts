import type { Command } from 'commander';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';

interface Options extends ServerOptions {
  readonly type: string;
  readonly image: string;
  readonly region?: string;
  readonly desc?: string;
  readonly owner?: string;
  readonly hidden?: boolean;
  readonly defaultDeny?: boolean;
}

export function registerDeploymentCreate(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('create')
      .description('create a deployment; its type is made along with it where it is missing')
      .requiredOption('--type <name>', 'what it is asked for by: letters, digits and _')
      .requiredOption('--image <image>', 'host (the programs of this machine), or ACCOUNT/SERVICE[:TAG]')
      .option('--region <text>', 'where it is')
      .option('--desc <text>', 'what it is')
      .option('--owner <account>', 'whose it is; your own when it is not said')
      .option('--hidden', 'nobody knows of it but its owner, and those whom a rule names')
      .option('--default-deny', 'nobody may use it but those whom a rule allows it'),
  )
    .addHelpText('after', '\nExample:\n  berth deployment create --type lab --image host --region here:1')
    .action(async ({ type, image, region, desc, owner, hidden, defaultDeny, ...options }: Options) => {
      const { client } = await connect(context, options);
      const deployment = await client.workspaces.createDeployment({
        type,
        image,
        ...(region !== undefined && { region }),
        ...(desc !== undefined && { description: desc }),
        ...(owner !== undefined && { owner }),
        ...(hidden && { hidden }),
        ...(defaultDeny && { default_deny: true }),
      });
      if (options.json) await printJson(context.terminal, deployment);
      else await context.terminal.out(deployment.id);
    });
}
