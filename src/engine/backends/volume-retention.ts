import type { ServiceStore } from '../../store/store.ts';
import type { Volumes } from '../../volumes/volumes.ts';

export interface VolumeRetentionParts {
  readonly volumes: Volumes;
  readonly services: ServiceStore;
  /** Whether a service that was deleted still has live backends. */
  readonly isInUse: (serviceId: string) => boolean;
}

/** Removes the volumes of services that are gone; those of an account stay. */
export async function removeOrphanedVolumes({
  volumes,
  services,
  isInUse,
}: VolumeRetentionParts): Promise<void> {
  for (const id of await volumes.owners('service')) {
    if ((await services.byId(id)) !== undefined || isInUse(id)) continue;
    await volumes.removeOwner({ kind: 'service', id });
  }
}
