import { type Command, Option } from 'commander';
import {
  type LoadedSettings,
  loadSettings,
  readSettingsFile,
  type SettingName,
  settingNames,
  settingOf,
} from '../../server/settings/index.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';

/** The flags of the settings that have one, and `--config`. */
export function withSettingFlags(command: Command): Command {
  command.option('--config <file>', 'YAML file with settings (default: berth.yaml, where there is one)');
  for (const [option] of settingOptions()) command.addOption(option);
  return command;
}

/** @throws {CommandError} that lists everything that is wrong */
export async function settingsOf(command: Command, { env }: Context): Promise<LoadedSettings & { ok: true }> {
  const typed = command.opts<Record<string, string | boolean | undefined>>();
  const flags = Object.fromEntries(
    settingOptions().map(([option, name]) => [name, typed[option.attributeName()]]),
  );
  const path = typed.config as string | undefined;
  const file = await readSettingsFile(path).catch((error: Error) => {
    throw new CommandError(error.message, 2);
  });
  const loaded = loadSettings({ flags, env, ...(file === undefined ? {} : { file }) });
  if (loaded.ok) return loaded;
  const list = loaded.problems.map(problem => `  ${problem.message}`).join('\n');
  throw new CommandError(`these settings can't be used:\n${list}`, 2);
}

function settingOptions(): (readonly [Option, SettingName])[] {
  return settingNames.flatMap(name => {
    const { flag, doc } = settingOf(name);
    return flag === undefined ? [] : [[new Option(flag, doc), name] as const];
  });
}
