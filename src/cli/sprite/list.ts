import type { Command } from 'commander';
import type { SpriteRecord } from '../../client/index.ts';
import { timeText } from '../age.ts';
import { spriteStyle } from '../colours.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';
import { examples, type SpriteOptions, withSpriteOptions } from './options.ts';

interface Options extends SpriteOptions {
  readonly prefix?: string;
  readonly label?: string;
}

export function registerSpriteList(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('list')
      .alias('ls')
      .description('list sprites, by name')
      .option('--prefix <text>', 'only names that begin so')
      .option('--label <text>', 'only those with this label')
      .addHelpText('after', examples('berth sprite list', 'berth sprite list --prefix ci- --json')),
  ).action(async ({ prefix = '', label, ...options }: Options) => {
    const { terminal } = context;
    const { client } = await connect(context, options);
    const all = await client.sprites.list({ prefix });
    const sprites = label === undefined ? all : all.filter(({ labels }) => labels.includes(label));
    if (options.json) {
      await printJson(terminal, { sprites });
      return;
    }
    const columns = [
      { title: 'name', value: (sprite: SpriteRecord) => sprite.name },
      {
        title: 'status',
        value: (sprite: SpriteRecord) => sprite.status,
        style: (sprite: SpriteRecord) => spriteStyle(sprite.status),
      },
      { title: 'created', value: (sprite: SpriteRecord) => timeText(sprite.created_at, terminal) },
      { title: 'url', value: (sprite: SpriteRecord) => sprite.url },
    ];
    const isWhole = prefix === '' && label === undefined;
    const note = isWhole
      ? 'There is no sprite. Make one: berth sprite create NAME'
      : 'No sprite is like that.';
    await printTable(terminal, sprites, columns, note);
  });
}
