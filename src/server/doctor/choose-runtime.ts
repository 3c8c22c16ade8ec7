import type { Check } from './check.ts';

export interface RuntimeChoice {
  readonly runtime: 'process' | 'oci' | 'docker';
  /** Why this one, as the end of a sentence that begins with its name. */
  readonly why: string;
  /** How to get a better one, where there is one. */
  readonly better?: string;
}

/** The order is `oci`, `docker`, `process`; a runtime that was asked for is taken without question. */
export function chooseRuntime(
  wanted: 'auto' | 'process' | 'oci' | 'docker',
  checks: readonly Check[],
): RuntimeChoice {
  if (wanted === 'docker') {
    return {
      runtime: 'docker',
      why: 'asked for, but not part of this version yet',
      better: 'use oci or process',
    };
  }
  const missing = checks.filter(check => check.neededByOci && !check.ok);
  if (wanted === 'oci') {
    if (missing.length === 0) return { runtime: 'oci', why: 'asked for' };
    return {
      runtime: 'oci',
      why: `asked for, though it lacks ${namesOf(missing)}`,
      better: remedyOf(missing),
    };
  }
  if (wanted === 'process') {
    if (missing.length > 0) return { runtime: 'process', why: 'asked for' };
    return {
      runtime: 'process',
      why: 'asked for',
      better: 'this machine can isolate workloads: --runtime oci',
    };
  }
  if (missing.length === 0) return { runtime: 'oci', why: 'this machine has all it needs' };
  return {
    runtime: 'process',
    why: `without isolation, since oci lacks ${namesOf(missing)} and docker is not part of this version yet`,
    better: remedyOf(missing),
  };
}

function namesOf(checks: readonly Check[]): string {
  return checks.map(check => check.name).join(', ');
}

function remedyOf(missing: readonly Check[]): string {
  const byHand = missing.filter(check => (check.remedy?.packages ?? []).length === 0);
  const steps = byHand.map(check => check.remedy?.text ?? check.name);
  if (byHand.length < missing.length) steps.push('berth doctor --install (as root, on Debian)');
  return steps.join('; ');
}
