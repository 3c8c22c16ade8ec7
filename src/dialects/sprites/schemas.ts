import Type from 'typebox';

export const spriteParams = Type.Object({ name: Type.String() });

const urlSettings = Type.Object({
  auth: Type.Optional(Type.Union([Type.Literal('sprite'), Type.Literal('public')])),
  private_access: Type.Optional(Type.Union([Type.Literal('admins'), Type.Literal('org_users')])),
});

const labels = Type.Array(Type.String());

const config = Type.Object({
  ram_mb: Type.Optional(Type.Integer({ minimum: 0, maximum: 16 * 1024 * 1024 })),
  cpus: Type.Optional(Type.Integer({ minimum: 0, maximum: 4096 })),
  region: Type.Optional(Type.String({ maxLength: 256 })),
  storage_gb: Type.Optional(Type.Integer({ minimum: 0, maximum: 1024 * 1024 })),
  idle_warm: Type.Optional(Type.String({ description: 'a duration such as 30s; 0 = never' })),
  idle_cold: Type.Optional(Type.String({ description: 'a duration such as 10m; 0 = never' })),
});

export const createSpriteBody = Type.Object({
  name: Type.Optional(Type.Unknown({ description: 'required' })),
  config: Type.Optional(config),
  environment: Type.Optional(Type.Record(Type.String(), Type.String())),
  url_settings: Type.Optional(urlSettings),
  labels: Type.Optional(labels),
  wait_for_capacity: Type.Optional(Type.Boolean()),
  runtime: Type.Optional(Type.Union([Type.Literal('default'), Type.Literal('dev')])),
});
export type CreateSpriteBody = Type.Static<typeof createSpriteBody>;

export const changeSpriteBody = Type.Object({
  url_settings: Type.Optional(urlSettings),
  labels: Type.Optional(labels),
  clear_labels: Type.Optional(Type.Boolean()),
});
export type ChangeSpriteBody = Type.Static<typeof changeSpriteBody>;
