import Type from 'typebox';
import { environmentVariables, imageTag, maxSeconds } from '../schemas.ts';

const mebibyte = 1024 * 1024;

const resourceLimits = Type.Object({
  cpu_period: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 1_000_000, description: 'µs' })),
  cpu_period_percent: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 25_600, description: '100 = one CPU' }),
  ),
  cpu_time_limit: Type.Optional(Type.Integer({ minimum: 1, description: 'total CPU time, s' })),
  memory_limit_bytes: Type.Optional(Type.Integer({ minimum: 4 * mebibyte })),
  disk_limit_bytes: Type.Optional(Type.Integer({ minimum: mebibyte })),
});
export type ResourceLimitsBody = Type.Static<typeof resourceLimits>;

const spawnOptions = Type.Object({
  tag: Type.Optional(imageTag),
  cluster: Type.Optional(Type.String()),
  lifetime_limit_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: maxSeconds })),
  max_idle_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: maxSeconds })),
  executable: Type.Optional(
    Type.Object({
      env: Type.Optional(environmentVariables),
      mount: Type.Optional(Type.Union([Type.Boolean(), Type.String()])),
      resource_limits: Type.Optional(resourceLimits),
    }),
  ),
});
export type SpawnOptions = Type.Static<typeof spawnOptions>;

export const connectBody = Type.Object({
  key: Type.Optional(Type.String()),
  user: Type.Optional(
    Type.String({ minLength: 1, maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' }),
  ),
  auth: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  spawn: Type.Optional(Type.Union([Type.Boolean(), spawnOptions])),
});
export type ConnectBody = Type.Static<typeof connectBody>;
