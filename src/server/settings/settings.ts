import type { Setting, SettingValue } from './setting.ts';
import { settingsTable } from './table.ts';

type Table = typeof settingsTable;

export type SettingName = keyof Table;

type ValueOf<Name extends SettingName> = Table[Name] extends Setting<infer Value> ? Value : never;

type CamelCase<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${CamelCase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Text extends `${infer Head}.${infer Tail}`
    ? `${Head}${Capitalize<CamelCase<Tail>>}`
    : Text;

type GroupName = SettingName extends infer Name
  ? Name extends `${infer Group}.${string}`
    ? Group
    : never
  : never;

type Ungrouped = {
  readonly [Name in SettingName as Name extends `${string}.${string}`
    ? never
    : CamelCase<Name>]: ValueOf<Name>;
};

type Grouped = {
  readonly [Group in GroupName]: {
    readonly [Name in SettingName as Name extends `${Group}.${infer Rest}`
      ? CamelCase<Rest>
      : never]: ValueOf<Name>;
  };
};

/**
 * All settings in force, checked: `jamsocket.grace_seconds` is `settings.jamsocket.graceSeconds`, and
 * `rerobots.rate.token` is `settings.rerobots.rateToken`. `dataDir` is
 * absolute. `publicUrl` has no trailing slash and is undefined when it follows from the port (`publicUrlOf`).
 */
export type Settings = Ungrouped & Grouped;

export const settingNames = Object.keys(settingsTable) as readonly SettingName[];

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingsTable, name);
}

export function settingOf(name: SettingName): Setting {
  return settingsTable[name];
}

/** @param values one checked value for every name of the table */
export function toSettings(values: ReadonlyMap<SettingName, SettingValue>): Settings {
  const settings: Record<string, unknown> = {};
  const groups: Record<string, Record<string, unknown>> = {};
  for (const name of settingNames) {
    const [first = name, ...parts] = name.split('.');
    const rest = parts.join('_');
    if (rest === '') {
      settings[camelCase(first)] = values.get(name);
    } else {
      groups[first] ??= {};
      groups[first][camelCase(rest)] = values.get(name);
    }
  }
  for (const [group, members] of Object.entries(groups)) settings[group] = Object.freeze(members);
  return Object.freeze(settings) as Settings;
}

/** The URL that clients reach the server by, without trailing slash. @param port the one it listens on */
export function publicUrlOf(settings: Settings, port: number): string {
  return settings.publicUrl ?? `http://${settings.edge.domain}:${port}`;
}

function camelCase(name: string): string {
  return name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
