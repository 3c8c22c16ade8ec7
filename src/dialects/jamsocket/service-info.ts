import type { Service } from '../../engine/index.ts';
import type { Account } from '../../identity/index.ts';
import type { JamsocketSettings } from './parts.ts';

/** What is told of a service. */
export function serviceInfo(
  service: Service,
  account: Account,
  settings: JamsocketSettings,
  newestImage?: { readonly digest: string; readonly pushedAt: Date },
) {
  return {
    name: service.name,
    account_name: account.name,
    created_at: service.createdAt,
    last_spawned_at: service.lastSpawnedAt ?? null,
    last_image_upload_time: newestImage?.pushedAt ?? null,
    last_image_digest: newestImage?.digest ?? null,
    image_name: `${settings.registryHost}/${account.name}/${service.name}`,
    environments: service.environments.map(environment => ({
      name: environment.name,
      image_tag: environment.imageTag,
      cluster: settings.clusterName,
      created_at: environment.createdAt,
      last_spawned_at: environment.lastSpawnedAt ?? null,
    })),
  };
}
