import Type from 'typebox';

export const maxSeconds = 31_536_000;
export const environmentVariables = Type.Record(Type.String(), Type.String());
export const imageTag = Type.String({
  pattern: '^([A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$',
  description: 'tag or digest',
});

const graceSeconds = Type.Integer({ minimum: 0, maximum: maxSeconds });

export const accountParams = Type.Object({ account: Type.String() });
export const serviceParams = Type.Object({ account: Type.String(), service: Type.String() });
export const backendParams = Type.Object({ backend: Type.String() });

export const createServiceBody = Type.Object({
  name: Type.String(),
  command: Type.Optional(Type.String({ description: 'program of this machine; for administrators' })),
  args: Type.Optional(Type.Array(Type.String())),
  dir: Type.Optional(
    Type.String({ description: 'absolute folder that the program starts in; needs command' }),
  ),
  env: Type.Optional(environmentVariables),
});
export type CreateServiceBody = Type.Static<typeof createServiceBody>;

export const spawnBody = Type.Object({
  grace_period_seconds: Type.Optional(graceSeconds),
  lock: Type.Optional(Type.String()),
  service_environment: Type.Optional(Type.String()),
  env: Type.Optional(environmentVariables),
  tag: Type.Optional(imageTag),
  require_bearer_token: Type.Optional(Type.Boolean()),
  port: Type.Optional(Type.Literal(8080)),
});
export type SpawnBody = Type.Static<typeof spawnBody>;

export const terminateBody = Type.Object({ hard: Type.Optional(Type.Boolean()) });
export type TerminateBody = Type.Static<typeof terminateBody>;

export const spawnTokenBody = Type.Object({
  grace_period_seconds: Type.Optional(graceSeconds),
  port: Type.Optional(Type.Literal(8080)),
  tag: Type.Optional(imageTag),
});
export type SpawnTokenBody = Type.Static<typeof spawnTokenBody>;

export const terminateBackendsBody = Type.Object({
  before: Type.String({ description: 'ISO 8601 time' }),
  hard: Type.Optional(Type.Boolean()),
  dry_run: Type.Optional(Type.Boolean()),
});
export type TerminateBackendsBody = Type.Static<typeof terminateBackendsBody>;

export const changeEnvironmentBody = Type.Object({
  name: Type.Optional(Type.String()),
  image_tag: Type.Optional(imageTag),
});
export type ChangeEnvironmentBody = Type.Static<typeof changeEnvironmentBody>;

export const useImageBody = Type.Object({ image_tag: imageTag });
export type UseImageBody = Type.Static<typeof useImageBody>;

export const newEnvironmentBody = Type.Object({ name: Type.String(), image_tag: Type.Optional(imageTag) });
export type NewEnvironmentBody = Type.Static<typeof newEnvironmentBody>;

export const completeLoginBody = Type.Object({
  code: Type.String({ maxLength: 64, description: 'four digits' }),
});
export type CompleteLoginBody = Type.Static<typeof completeLoginBody>;

const maxTail = 100_000;

/** The query of a log stream: parameters are strings; unknown ones are ignored. */
export const logQuery = Type.Object({
  tail: Type.Optional(Type.String({ pattern: '^\\d{1,6}$', description: `0 to ${maxTail} last lines` })),
  follow: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
});
export type LogQuery = Type.Static<typeof logQuery>;
export { maxTail };
