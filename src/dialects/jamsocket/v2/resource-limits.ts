import type { ResourceLimits } from '../../../engine/index.ts';
import type { ResourceLimitsBody } from './schemas.ts';

const defaultCpuPeriodUs = 100_000;

/** The engine's limits from the published ones. */
export function resourceLimits(body: ResourceLimitsBody): ResourceLimits {
  const { cpu_period: periodUs = defaultCpuPeriodUs, cpu_period_percent: percent } = body;
  return {
    ...(percent !== undefined && { cpu: { periodUs, quotaUs: Math.round((periodUs * percent) / 100) } }),
    ...(body.cpu_time_limit !== undefined && { cpuTimeSeconds: body.cpu_time_limit }),
    ...(body.memory_limit_bytes !== undefined && { memoryBytes: body.memory_limit_bytes }),
    ...(body.disk_limit_bytes !== undefined && { diskBytes: body.disk_limit_bytes }),
  };
}
