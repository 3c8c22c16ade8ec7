import type { LoadedSettings } from './load.ts';
import { describeOrigin } from './origin.ts';
import { type SettingName, settingNames, settingOf } from './settings.ts';
import { variableOf } from './sources.ts';

export interface SettingInForce {
  readonly name: SettingName;
  readonly variable: string;
  /** Null when it is not set; secrets are masked. */
  readonly value: string | number | boolean | null;
  /** `default`, `--flag`, a variable, or `file:line`. */
  readonly origin: string;
  readonly doc: string;
}

/** Every setting with its value and where that came from, to be shown to a person. */
export function settingsInForce(loaded: LoadedSettings & { ok: true }): SettingInForce[] {
  return settingNames.map(name => {
    const { doc, secret } = settingOf(name);
    const value = loaded.values.get(name) ?? null;
    return {
      name,
      variable: variableOf(name),
      value: secret && value !== null ? '********' : value,
      origin: describeOrigin(loaded.origins.get(name) ?? { source: 'default' }),
      doc,
    };
  });
}
