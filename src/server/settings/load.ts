import { dirname, resolve } from 'node:path';
import { Check } from 'typebox/schema';
import { nearest } from './nearest.ts';
import { describeOrigin, type Given, type Origin, type SettingProblem } from './origin.ts';
import { crossChecks } from './rules.ts';
import type { Setting, SettingValue } from './setting.ts';
import {
  isSettingName,
  type SettingName,
  type Settings,
  settingNames,
  settingOf,
  toSettings,
} from './settings.ts';
import { type Flags, fromEnvironment, fromFlags, variableOf } from './sources.ts';
import type { SettingsFile } from './yaml-source.ts';

export interface SettingsSources {
  /** By the settings' names, as typed or as plain values. */
  readonly flags?: Flags;
  readonly env?: Readonly<NodeJS.ProcessEnv>;
  readonly file?: SettingsFile;
  /** What relative folders of flags and environment are relative to. */
  readonly workingDirectory?: string;
  /** What the default data folder is in. */
  readonly checkout?: string;
}

export type LoadedSettings =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly values: ReadonlyMap<SettingName, SettingValue>;
      readonly origins: ReadonlyMap<SettingName, Origin>;
    }
  | { readonly ok: false; readonly problems: readonly SettingProblem[] };

export const checkoutFolder = resolve(import.meta.dirname, '../../..');

/** Flags go before the environment, the environment before the file, the file before the defaults. */
export function loadSettings(sources: SettingsSources): LoadedSettings {
  const { given = [], problems: problemsOfFile = [] } = sources.file ?? {};
  const problems: SettingProblem[] = [...problemsOfFile];
  const values = new Map<SettingName, SettingValue>();
  const origins = new Map<SettingName, Origin>();
  for (const name of settingNames) {
    values.set(name, settingOf(name).default);
    origins.set(name, { source: 'default' });
  }

  const inRisingOrder = [...given, ...fromEnvironment(sources.env ?? {}), ...fromFlags(sources.flags ?? {})];
  for (const given of inRisingOrder) {
    const problem = check(given);
    if (problem !== undefined) {
      problems.push({ name: given.name, message: `${problem} (${describeOrigin(given.origin)})` });
    } else if (isSettingName(given.name)) {
      values.set(given.name, plain(settingOf(given.name), given.value));
      origins.set(given.name, given.origin);
    }
  }

  finish(values, origins, sources);
  problems.push(...crossChecks(values, origins));
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, settings: toSettings(values), values, origins };
}

function check(given: Given): string | undefined {
  if (!isSettingName(given.name)) return unknownSetting(given);
  const setting = settingOf(given.name);
  if (setting.secret && given.origin.source !== 'environment') {
    return `${given.name} is a secret and can only be given as ${variableOf(given.name)}`;
  }
  if (Check(setting.schema, plain(setting, given.value))) return undefined;
  const shown = setting.secret ? 'the value' : JSON.stringify(given.value);
  return `${given.name}: ${shown} is not ${setting.expects}`;
}

function unknownSetting({ name, origin }: Given): string {
  const inEnvironment = origin.source === 'environment';
  const known: string[] = inEnvironment ? settingNames.map(variableOf) : [...settingNames];
  const last = (dotted: string) => dotted.slice(dotted.lastIndexOf('.') + 1);
  const meant = nearest(name, known) ?? known.find(other => !inEnvironment && last(other) === last(name));
  return `${name}: unknown setting${meant === undefined ? '' : `, did you mean ${meant}?`}`;
}

/** Turns the text of a flag or variable into what the setting holds; leaves alone what it can't turn. */
function plain(setting: Setting, value: unknown): SettingValue {
  if (typeof value !== 'string') return value as SettingValue;
  const { type } = setting.schema as { type?: string };
  if (type === 'boolean') return truths.get(value.toLowerCase()) ?? value;
  if (type !== 'integer' && type !== 'number') return value;
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
]);

function finish(
  values: Map<SettingName, SettingValue>,
  origins: ReadonlyMap<SettingName, Origin>,
  sources: SettingsSources,
): void {
  const origin = origins.get('data_dir');
  const workingDirectory = sources.workingDirectory ?? process.cwd();
  let base = workingDirectory;
  if (origin?.source === 'default') base = sources.checkout ?? checkoutFolder;
  if (origin?.source === 'file') base = resolve(workingDirectory, dirname(origin.path));
  values.set('data_dir', resolve(base, String(values.get('data_dir'))));

  const publicUrl = values.get('public_url');
  if (typeof publicUrl === 'string') values.set('public_url', publicUrl.replace(/\/$/, ''));
}
