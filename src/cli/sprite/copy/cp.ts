import type { Command } from 'commander';
import { CommandError } from '../../command-error.ts';
import type { Context } from '../../context.ts';
import { printJson } from '../../print.ts';
import { streamsOf } from '../exec.ts';
import { examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';
import { copyIn } from './copy-in.ts';
import { copyOut, writeToStream } from './copy-out.ts';
import { parsePlace } from './place.ts';

interface Options extends SpriteOptions {
  readonly recursive?: boolean;
}

/** What is told of a copy. */
export interface Copied {
  files: number;
  bytes: number;
  /** What is neither a file nor a folder. */
  readonly skipped: string[];
}

export function registerCopy(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('cp')
      .description('copy files into a sprite, or out of it')
      .argument('<from>', 'a path here, NAME:PATH in a sprite, or - for stdin')
      .argument('<to>', 'a path here, NAME:PATH in a sprite, or - for stdout')
      .option('-r, --recursive', 'folders with all that is in them')
      .addHelpText(
        'after',
        `${examples(
          'berth sprite cp notes.txt box:notes.txt',
          'berth sprite cp box:notes.txt .',
          'berth sprite cp -r src box:work/',
          'berth sprite cp box:result.json - | jq .',
        )}

A relative path in a sprite is under its home folder. Folders on the way are made.`,
      ),
  ).action(async (fromText: string, toText: string, options: Options) => {
    const { terminal } = context;
    const [from, to] = [parsePlace(fromText), parsePlace(toText)];
    const copied: Copied = { files: 0, bytes: 0, skipped: [] };
    const recursive = options.recursive ?? false;
    if (from.kind !== 'sprite' && to.kind === 'sprite') {
      const { files } = await spriteNamed(context, options, to.name);
      const source = from.kind === 'stream' ? streamsOf(context).stdin : from.path;
      await copyIn(files, source, to.path, { recursive, copied });
    } else if (from.kind === 'sprite' && to.kind !== 'sprite') {
      const { files } = await spriteNamed(context, options, from.name);
      if (to.kind === 'stream') {
        await writeToStream(files, from.path, streamsOf(context));
        return;
      }
      await copyOut(files, from.path, to.path, { recursive, copied });
    } else {
      throw new CommandError('one of the two must be in a sprite: NAME:PATH', 2);
    }
    for (const path of copied.skipped) await terminal.err(`Left out, neither a file nor a folder: ${path}`);
    if (options.json) await printJson(terminal, copied);
    else await terminal.err(`Copied ${copied.files} ${copied.files === 1 ? 'file' : 'files'}`);
  });
}
