import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { connect, type ServerOptions, withServerOptions } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { parseTarget } from './target.ts';

export function registerImageRemove(parent: Command, context: Context): void {
  withServerOptions(
    parent
      .command('remove')
      .alias('rm')
      .description(
        'remove images: a tag, with its image where nothing else names that, or a digest with all its tags',
      )
      .argument('<images...>', 'SERVICE:TAG or SERVICE@DIGEST'),
  ).action(async (texts: string[], options: ServerOptions) => {
    const { terminal } = context;
    const targets = texts.map(text => {
      const { service, reference } = parseTarget(text);
      if (reference !== undefined) return { text, service, reference };
      throw new CommandError(
        `"${text}" names no image: give SERVICE:TAG or SERVICE@DIGEST. The service itself goes by \`berth service delete\`.`,
        2,
      );
    });
    const { client } = await connect(context, options);
    const removed = [];
    for (const { text, service, reference } of targets) {
      const gone = await client.images.remove(service, reference, options.account);
      removed.push({ service, ...gone });
      if (options.json) continue;
      const isWhole = gone.removed_digests.length > 0;
      await terminal.out(
        isWhole ? `${text} is removed` : `${text} is removed; its image stays, which is still named`,
      );
    }
    if (options.json) await printJson(terminal, { removed });
  });
}
