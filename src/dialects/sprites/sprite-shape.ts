import type { LiveSandbox, SandboxCounts } from '../../engine/index.ts';
import { spriteVersion } from './access.ts';
import type { SpritesSettings } from './parts.ts';

/** What is kept of a sprite in the words of this API. */
export interface SpriteNotes {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly privateAccess?: string;
  readonly runtime?: string;
}

/** A sprite as clients read it; what does not exist is left out. */
export function spriteShape(sandbox: LiveSandbox, organization: string, settings: SpritesSettings): object {
  const { record, status } = sandbox;
  const { access, labels, environment, notes } = record.settings;
  const { config, privateAccess = 'org_users' } = notes as SpriteNotes;
  return {
    id: `sprite-${record.id}`,
    name: record.name,
    organization,
    status,
    url: spriteUrl(record.host, settings),
    url_settings: { auth: access === 'public' ? 'public' : 'sprite', private_access: privateAccess },
    created_at: record.createdAt.toISOString(),
    updated_at: record.updatedAt.toISOString(),
    ...(config && { config }),
    environment,
    labels,
    version: spriteVersion,
    environment_version: spriteVersion,
    ...(record.lastRunningAt && { last_running_at: record.lastRunningAt.toISOString() }),
    ...(record.lastWarmAt && { last_warming_at: record.lastWarmAt.toISOString() }),
  };
}

/** Counts of an organisation, in the shape of both the list and the stream; 0 = no limit. */
export function countsShape(counts: SandboxCounts, { maxSprites, maxRunning }: SpritesSettings): object {
  return { ...counts, running_limit: maxRunning, warm_limit: maxSprites };
}

function spriteUrl(host: string, { publicUrl, domain }: SpritesSettings): string {
  const { protocol, port } = new URL(publicUrl);
  return `${protocol}//${host}.${domain}${port === '' ? '' : `:${port}`}`;
}
