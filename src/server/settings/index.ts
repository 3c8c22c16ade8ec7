export { readSettingsFile } from './config-file.ts';
export { type LoadedSettings, loadSettings, type SettingsSources } from './load.ts';
export type { Origin, SettingProblem } from './origin.ts';
export { type SettingInForce, settingsInForce } from './report.ts';
export { isLoopback } from './rules.ts';
export { publicUrlOf, type SettingName, type Settings, settingNames, settingOf } from './settings.ts';
export type { SettingsFile } from './yaml-source.ts';
