import type { Command } from 'commander';
import {
  type Check,
  chooseRuntime,
  examineMachine,
  InstallError,
  installMissing,
  missingPackages,
} from '../../server/doctor/index.ts';
import type { Settings } from '../../server/settings/index.ts';
import { paint } from '../colours.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { printJson } from '../print.ts';
import type { Terminal } from '../terminal.ts';
import { settingsOf, withSettingFlags } from './settings.ts';

interface Options {
  readonly install?: boolean;
  readonly json?: boolean;
}

export function registerDoctor(parent: Command, context: Context): void {
  withSettingFlags(
    parent
      .command('doctor')
      .option('--install', 'install the missing Debian packages (as root)')
      .option('--json', 'print JSON'),
  ).action(async (options: Options, command: Command) => {
    const { terminal } = context;
    const { settings } = await settingsOf(command, context);
    let checks = await examine(settings);
    if (options.install && missingPackages(checks).length > 0) {
      await install(checks, terminal);
      checks = await examine(settings);
    }
    const choice = chooseRuntime(settings.runtime, checks);
    if (options.json) {
      await printJson(terminal, { checks, choice });
      return;
    }
    for (const check of checks) await printCheck(terminal, check);
    await terminal.out('');
    await terminal.out(`Runtime: ${paint(terminal.outColours, 'bold', choice.runtime)} (${choice.why})`);
    if (choice.better !== undefined) await terminal.out(`Better:  ${choice.better}`);
  });
}

function examine(settings: Settings): Promise<Check[]> {
  return examineMachine({ dataDir: settings.dataDir, ociRuntime: settings.oci.runtime });
}

async function install(checks: readonly Check[], terminal: Terminal): Promise<void> {
  await terminal.err(`Installing ${missingPackages(checks).join(', ')}`);
  try {
    await installMissing(checks, { onProgress: line => void terminal.err(`  ${line}`) });
  } catch (error) {
    if (error instanceof InstallError) throw new CommandError(error.message);
    throw error;
  }
}

async function printCheck(
  terminal: Terminal,
  { name, ok, found, switchesOff, remedy }: Check,
): Promise<void> {
  const mark = ok
    ? paint(terminal.outColours, 'green', 'ok  ')
    : paint(terminal.outColours, 'yellow', 'lack');
  await terminal.out(`${mark}  ${name.padEnd(20)}  ${found}`);
  if (ok) return;
  await terminal.out(`      switches off: ${switchesOff}`);
  if (remedy !== undefined) await terminal.out(`      remedy: ${remedy.text}`);
}
