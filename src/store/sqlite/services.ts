import { sql } from 'kysely';
import type { Service, ServiceEnvironment, ServiceProgram, ServiceStore } from '../store.ts';
import type { Database } from './database.ts';
import type { ServiceEnvironmentRow, ServiceRow } from './schema.ts';
import { queries } from './statement.ts';

export function serviceStore(database: Database): ServiceStore {
  const insertService = database.prepare((row: ServiceRow) =>
    queries
      .insertInto('services')
      .values({
        id: row.id,
        account_id: row.account_id,
        name: row.name,
        program: row.program,
        env: row.env,
        created_at: row.created_at,
        last_spawned_at: row.last_spawned_at,
      })
      .onConflict(conflict => conflict.columns(['account_id', 'name']).doNothing()),
  );
  const insertEnvironment = database.prepare((row: ServiceEnvironmentRow) =>
    queries.insertInto('service_environments').values({
      service_id: row.service_id,
      name: row.name,
      image_tag: row.image_tag,
      created_at: row.created_at,
      last_spawned_at: row.last_spawned_at,
    }),
  );
  const byName = database.prepare((wanted: { accountId: string; name: string }) =>
    selectServices()
      .where('services.account_id', '=', wanted.accountId)
      .where('services.name', '=', wanted.name),
  );
  const byId = database.prepare((wanted: { id: string }) =>
    selectServices().where('services.id', '=', wanted.id),
  );
  const exists = database.prepare((wanted: { id: string }) =>
    queries.selectFrom('services').select('id').where('id', '=', wanted.id),
  );
  const environmentOf = database.prepare((wanted: { serviceId: string; name: string }) =>
    queries
      .selectFrom('service_environments')
      .select('name')
      .where('service_id', '=', wanted.serviceId)
      .where('name', '=', wanted.name),
  );
  const setTag = database.prepare((change: { serviceId: string; name: string; imageTag: string }) =>
    queries
      .updateTable('service_environments')
      .set({ image_tag: change.imageTag })
      .where('service_id', '=', change.serviceId)
      .where('name', '=', change.name),
  );
  const rename = database.prepare((change: { serviceId: string; name: string; newName: string }) =>
    queries
      .updateTable('service_environments')
      .set({ name: change.newName })
      .where('service_id', '=', change.serviceId)
      .where('name', '=', change.name),
  );
  const removeEnvironment = database.prepare((wanted: { serviceId: string; name: string }) =>
    queries
      .deleteFrom('service_environments')
      .where('service_id', '=', wanted.serviceId)
      .where('name', '=', wanted.name),
  );
  const list = database.prepare((wanted: { accountId: string }) =>
    selectServices().where('services.account_id', '=', wanted.accountId),
  );
  const remove = database.prepare((wanted: { accountId: string; name: string }) =>
    queries.deleteFrom('services').where('account_id', '=', wanted.accountId).where('name', '=', wanted.name),
  );

  return {
    create: service =>
      database.write('power-cut', () => {
        if (insertService.run(toRow(service)) === 0) return undefined;
        for (const environment of service.environments) {
          insertEnvironment.run(toEnvironmentRow(service.id, environment));
        }
        return service;
      }),
    byName: async (accountId, name) => toServices(byName.all({ accountId, name }))[0],
    byId: async id => toServices(byId.all({ id }))[0],
    addEnvironment: (serviceId, environment) =>
      database.write('power-cut', () => {
        if (exists.get({ id: serviceId }) === undefined) return false;
        if (environmentOf.get({ serviceId, name: environment.name }) !== undefined) return false;
        insertEnvironment.run(toEnvironmentRow(serviceId, environment));
        return true;
      }),
    changeEnvironment: (serviceId, name, { name: newName = name, imageTag }) =>
      database.write('power-cut', () => {
        if (environmentOf.get({ serviceId, name }) === undefined) return 'not-found';
        const taken = newName !== name && environmentOf.get({ serviceId, name: newName }) !== undefined;
        if (taken) return 'name-taken';
        if (imageTag !== undefined) setTag.run({ serviceId, name, imageTag });
        if (newName !== name) rename.run({ serviceId, name, newName });
        return 'changed';
      }),
    deleteEnvironment: (serviceId, name) =>
      database.write('power-cut', () => removeEnvironment.run({ serviceId, name }) === 1),
    list: async accountId => toServices(list.all({ accountId })),
    delete: (accountId, name) => database.write('power-cut', () => remove.run({ accountId, name }) === 1),
  };
}

/** A row per environment, in the order the seam promises. */
function selectServices() {
  return queries
    .selectFrom('services')
    .innerJoin('service_environments as environment', 'environment.service_id', 'services.id')
    .selectAll('services')
    .select([
      'environment.name as environment_name',
      'environment.image_tag as environment_image_tag',
      'environment.created_at as environment_created_at',
      'environment.last_spawned_at as environment_last_spawned_at',
    ])
    .orderBy('services.name')
    .orderBy(sql`environment.name = 'default'`, 'desc')
    .orderBy('environment.name');
}

interface ServiceAndEnvironmentRow extends ServiceRow {
  environment_name: string;
  environment_image_tag: string;
  environment_created_at: number;
  environment_last_spawned_at: number | null;
}

function toServices(rows: readonly ServiceAndEnvironmentRow[]): Service[] {
  const services: Service[] = [];
  let environments: ServiceEnvironment[] = [];
  let lastId: string | undefined;
  for (const row of rows) {
    if (row.id !== lastId) {
      environments = [];
      services.push(toService(row, environments));
      lastId = row.id;
    }
    environments.push(toEnvironment(row));
  }
  return services;
}

function toService(row: ServiceRow, environments: readonly ServiceEnvironment[]): Service {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    ...(row.program !== null && { program: JSON.parse(row.program) as ServiceProgram }),
    env: JSON.parse(row.env) as Record<string, string>,
    createdAt: new Date(row.created_at),
    ...(row.last_spawned_at !== null && { lastSpawnedAt: new Date(row.last_spawned_at) }),
    environments,
  };
}

function toEnvironment(row: ServiceAndEnvironmentRow): ServiceEnvironment {
  const lastSpawnedAt = row.environment_last_spawned_at;
  return {
    name: row.environment_name,
    imageTag: row.environment_image_tag,
    createdAt: new Date(row.environment_created_at),
    ...(lastSpawnedAt !== null && { lastSpawnedAt: new Date(lastSpawnedAt) }),
  };
}

function toRow(service: Service): ServiceRow {
  return {
    id: service.id,
    account_id: service.accountId,
    name: service.name,
    program: service.program === undefined ? null : JSON.stringify(service.program),
    env: JSON.stringify(service.env),
    created_at: service.createdAt.getTime(),
    last_spawned_at: service.lastSpawnedAt?.getTime() ?? null,
  };
}

function toEnvironmentRow(serviceId: string, environment: ServiceEnvironment): ServiceEnvironmentRow {
  return {
    service_id: serviceId,
    name: environment.name,
    image_tag: environment.imageTag,
    created_at: environment.createdAt.getTime(),
    last_spawned_at: environment.lastSpawnedAt?.getTime() ?? null,
  };
}
