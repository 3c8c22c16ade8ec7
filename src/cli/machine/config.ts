import type { Command } from 'commander';
import { type SettingInForce, settingsInForce } from '../../server/settings/index.ts';
import type { Context } from '../context.ts';
import { printJson, printTable } from '../print.ts';
import { settingsOf, withSettingFlags } from './settings.ts';

interface Options {
  readonly json?: boolean;
  readonly docs?: boolean;
}

export function registerConfig(parent: Command, context: Context): void {
  withSettingFlags(
    parent
      .command('config')
      .option('--docs', 'print what each setting means, too')
      .option('--json', 'print JSON'),
  ).action(async (options: Options, command: Command) => {
    const settings = settingsInForce(await settingsOf(command, context));
    if (options.json) {
      await printJson(context.terminal, { settings });
      return;
    }
    const columns = [
      { title: 'setting', value: (setting: SettingInForce) => setting.name },
      { title: 'value', value: (setting: SettingInForce) => String(setting.value ?? '-') },
      {
        title: 'from',
        value: (setting: SettingInForce) => setting.origin,
        style: (setting: SettingInForce) =>
          (setting.origin === 'default' ? 'dim' : 'green') as 'dim' | 'green',
      },
    ];
    const docs = { title: 'meaning', value: (setting: SettingInForce) => setting.doc };
    await printTable(context.terminal, settings, options.docs ? [...columns, docs] : columns, '');
  });
}
