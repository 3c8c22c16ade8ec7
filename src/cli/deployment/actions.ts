import type { Command } from 'commander';
import { connect, type ServerOptions, withConnectionOptions } from '../connection.ts';
import type { Context } from '../context.ts';

const actions = [
  { verb: 'lock', description: 'let it take no new workspaces', done: 'takes no new workspaces' },
  { verb: 'unlock', description: 'let it take new workspaces again', done: 'takes new workspaces' },
  { verb: 'dissolve', description: 'end it for good, with what runs in it', done: 'is dissolved' },
] as const;

export function registerDeploymentActions(parent: Command, context: Context): void {
  for (const { verb, description, done } of actions) {
    withConnectionOptions(
      parent.command(verb).description(description).argument('<id>', 'as `berth deployment list` shows it'),
    ).action(async (id: string, options: ServerOptions) => {
      const { client } = await connect(context, options);
      await client.workspaces.act(id, verb);
      await context.terminal.err(`Deployment ${id} ${done}.`);
    });
  }
}
