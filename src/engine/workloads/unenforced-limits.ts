import type { ResourceLimits } from '../../runtime/runtime.ts';

const words: Readonly<{
  [Limit in keyof ResourceLimits]-?: (value: NonNullable<ResourceLimits[Limit]>) => string;
}> = {
  memoryBytes: bytes => `${bytes} bytes of memory`,
  cpu: ({ quotaUs, periodUs }) => `${quotaUs / periodUs} CPUs`,
  pids: count => `${count} processes`,
  diskBytes: bytes => `${bytes} bytes of disk`,
  cpuTimeSeconds: seconds => `${seconds} s of CPU time`,
};

/** A sentence about the limits that a workload has and its runtime does not enforce; undefined where it does. */
export function unenforcedLimits(
  limits: ResourceLimits,
  enforced: readonly (keyof ResourceLimits)[],
): string | undefined {
  const ignored = (Object.keys(words) as (keyof ResourceLimits)[]).flatMap(name => {
    const value = limits[name];
    if (value === undefined || enforced.includes(name)) return [];
    return (words[name] as (value: unknown) => string)(value);
  });
  return ignored.length === 0 ? undefined : `this server can't enforce the limit of ${ignored.join(', ')}`;
}
