import { nearest } from './nearest.ts';
import type { Given } from './origin.ts';
import { isSettingName, type SettingName, settingNames, settingOf } from './settings.ts';

export type Flags = Readonly<Partial<Record<SettingName, string | number | boolean | undefined>>>;

export function fromFlags(flags: Flags): Given[] {
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value, origin: { source: 'flag', flag: flagOf(name) } }));
}

/**
 * Variables that start with `BERTH_` and are no settings are somebody else's, unless they look like a slip of
 * the pen.
 */
export function fromEnvironment(env: Readonly<NodeJS.ProcessEnv>): Given[] {
  const names = new Map(settingNames.map(name => [variableOf(name), name as string]));
  const given: Given[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('BERTH_') || value === undefined || otherVariables.has(variable)) continue;
    const name = names.get(variable);
    if (name === undefined && nearest(variable, [...names.keys(), ...otherVariables]) === undefined) continue;
    given.push({ name: name ?? variable, value, origin: { source: 'environment', variable } });
  }
  return given;
}

export function variableOf(name: string): string {
  return `BERTH_${name.replaceAll('.', '_').toUpperCase()}`;
}

/** What the command line client reads, and what programs in workloads find. */
const otherVariables: ReadonlySet<string> = new Set([
  'BERTH_URL',
  'BERTH_TOKEN',
  'BERTH_ACCOUNT',
  'BERTH_MOUNT',
]);

function flagOf(name: string): string {
  const notation = isSettingName(name) ? settingOf(name).flag : undefined;
  return notation?.split(' ')[0] ?? `--${name.replaceAll(/[._]/g, '-')}`;
}
