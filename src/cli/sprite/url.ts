import { type Command, Option } from 'commander';
import type { UrlAuth } from '../../client/index.ts';
import { connect } from '../connection.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import { examples, type SpriteOptions, withSpriteOptions } from './options.ts';

interface Options extends SpriteOptions {
  readonly auth?: UrlAuth;
}

export function registerSpriteUrl(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('url')
      .description('print the URL of a sprite, or change who may use it')
      .argument('<name>')
      .addOption(
        new Option('--auth <who>', 'public: everybody; sprite: with a token').choices(['public', 'sprite']),
      )
      .addHelpText(
        'after',
        examples(
          'berth sprite url box',
          'berth sprite url box --auth public',
          'curl -H "Authorization: Bearer $BERTH_TOKEN" "$(berth sprite url box)"',
        ),
      ),
  ).action(async (name: string, options: Options) => {
    const { terminal } = context;
    const { sprites } = (await connect(context, options)).client;
    const { auth } = options;
    const sprite =
      auth === undefined ? await sprites.get(name) : await sprites.change(name, { url_settings: { auth } });
    const isPublic = sprite.url_settings.auth === 'public';
    if (options.json) {
      await printJson(terminal, { url: sprite.url, auth: sprite.url_settings.auth });
      return;
    }
    await terminal.err(isPublic ? 'Everybody may use it.' : 'It needs a token of its account.');
    await terminal.out(sprite.url);
  });
}
