import { type Command, Option } from 'commander';
import type { Privileges, PrivilegesProfile } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';
import type { Context } from '../../context.ts';
import { printJson } from '../../print.ts';
import { factLines } from '../../table.ts';
import { collect, examples, type SpriteOptions, spriteNamed, withSpriteOptions } from '../options.ts';

interface SetOptions extends SpriteOptions {
  readonly profile?: PrivilegesProfile;
  readonly device?: readonly string[];
  readonly newPrivileges?: 'allow' | 'deny';
}

/** `berth sprite policy privileges …` */
export function registerPrivileges(policy: Command, context: Context): void {
  const privileges = policy
    .command('privileges')
    .description('what programs of a sprite may do; in force from its next start on')
    .helpCommand(false);
  registerGet(privileges, context);
  registerSet(privileges, context);
  registerClear(privileges, context);
}

function registerGet(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('get')
      .description('show what is set')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite policy privileges get box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    const found = await (await spriteNamed(context, options, name)).privileges.get();
    if (options.json) {
      await printJson(terminal, found);
      return;
    }
    const { profile, devices = [], noNewPrivileges } = found;
    const facts = factLines(
      [
        ['profile', profile || undefined],
        ['devices', devices.join(', ') || undefined],
        ['new privileges', noNewPrivileges === undefined ? undefined : noNewPrivileges ? 'deny' : 'allow'],
      ],
      terminal.outColours,
    );
    if (facts.length === 0) await terminal.err('Nothing is set: it may do what all may.');
    for (const line of facts) await terminal.out(line);
  });
}

function registerSet(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('set')
      .description('set all of it anew')
      .argument('<name>')
      .addOption(
        new Option(
          '--profile <name>',
          'what root may do: nothing special, as in a container, everything',
        ).choices(['minimal', 'standard', 'privileged']),
      )
      .option('--device <path>', "of the server's machine, such as /dev/fuse (repeatable)", collect)
      .addOption(
        new Option(
          '--new-privileges <what>',
          'whether programs may become root by sudo and the like',
        ).choices(['allow', 'deny']),
      )
      .addHelpText(
        'after',
        examples(
          'berth sprite policy privileges set box --profile minimal --new-privileges deny',
          'berth sprite policy privileges set box --profile privileged --device /dev/fuse',
        ),
      ),
  ).action(async (name: string, options: SetOptions) => {
    const { profile, device, newPrivileges } = options;
    const wanted: Privileges = {
      ...(profile && { profile }),
      ...(device && { devices: device }),
      ...(newPrivileges && { noNewPrivileges: newPrivileges === 'deny' }),
    };
    if (Object.keys(wanted).length === 0) {
      const ways = `--profile, --device or --new-privileges. To unset all: berth sprite policy privileges clear ${name}`;
      throw new CommandError(`nothing is to be set: ${ways}`, 2);
    }
    const { terminal } = context;
    await (await spriteNamed(context, options, name)).privileges.set(wanted);
    if (options.json) await printJson(terminal, wanted);
    else await terminal.out(`Privileges of sprite ${name} are set; they are in force from its next start on`);
  });
}

function registerClear(parent: Command, context: Context): void {
  withSpriteOptions(
    parent
      .command('clear')
      .description('let a sprite do what all may')
      .argument('<name>')
      .addHelpText('after', examples('berth sprite policy privileges clear box')),
  ).action(async (name: string, options: SpriteOptions) => {
    const { terminal } = context;
    await (await spriteNamed(context, options, name)).privileges.clear();
    if (options.json) await printJson(terminal, {});
    else await terminal.out(`Sprite ${name} may do what all may, from its next start on`);
  });
}
