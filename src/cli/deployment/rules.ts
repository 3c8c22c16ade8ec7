import type { Command } from 'commander';
import type { AccessRule } from '../../client/index.ts';
import { timeText } from '../age.ts';
import { CommandError } from '../command-error.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { wholeNumber } from '../parse.ts';
import { printJson, printTable } from '../print.ts';

interface Options extends ServerOptions {
  readonly allow?: string;
  readonly deny?: string;
  readonly delete?: number;
}

export function registerDeploymentRules(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('rules')
      .description('list who may use a deployment, or change it')
      .argument('<id>', 'as `berth deployment list` shows it')
      .option('--allow <user>', 'let somebody in; * is everybody')
      .option('--deny <user>', 'keep somebody out; * is everybody whom no other rule is about')
      .option('--delete <number>', 'delete a rule', wholeNumber(1, 65_535)),
  ).action(async (id: string, { allow, deny, delete: number, ...options }: Options) => {
    const { terminal } = context;
    if ([allow, deny, number].filter(change => change !== undefined).length > 1) {
      throw new CommandError('make one change at a time: --allow, --deny or --delete', 2);
    }
    const { client } = await connect(context, options);
    const user = allow ?? deny;
    if (user !== undefined) await client.workspaces.putRule(id, user, allow !== undefined);
    if (number !== undefined) await client.workspaces.deleteRule(id, number);
    const rules = await client.workspaces.rules(id);
    if (options.json) {
      await printJson(terminal, { rules });
      return;
    }
    const columns = [
      { title: 'number', value: (rule: AccessRule) => String(rule.number) },
      { title: 'user', value: (rule: AccessRule) => rule.user },
      { title: 'may use it', value: ({ allow: allows }: AccessRule) => (allows ? 'yes' : 'no') },
      {
        title: 'since',
        value: ({ created_at: createdAt }: AccessRule) => timeText(createdAt, terminal),
      },
    ];
    await printTable(terminal, rules, columns, 'There is no rule.');
  });
}
