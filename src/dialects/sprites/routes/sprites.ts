import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isSandboxName, type LiveSandbox, type NewSandboxRequest } from '../../../engine/index.ts';
import { clientGone } from '../../../http/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, accountOf, sandboxOf } from '../access.ts';
import { parseDuration } from '../durations.ts';
import { SpritesError } from '../errors.ts';
import type { SpritesParts } from '../parts.ts';
import {
  type ChangeSpriteBody,
  type CreateSpriteBody,
  changeSpriteBody,
  createSpriteBody,
  spriteParams,
} from '../schemas.ts';
import { type SpriteNotes, spriteShape } from '../sprite-shape.ts';

const longestIdleMs = 365 * 86_400_000;
const mebibyte = 1024 * 1024;
const cpuPeriodUs = 100_000;

export function spriteRoutes(
  app: FastifyInstance,
  { engine, settings }: SpritesParts,
  access: AccessChecks,
): void {
  const { sandboxes } = engine;
  const shapeOf = (request: FastifyRequest, sandbox: LiveSandbox): object =>
    spriteShape(sandbox, accountOf(request).name, settings);

  app.post<{ Body: CreateSpriteBody }>(
    '/sprites',
    { onRequest: [...access.token], schema: { summary: 'Create a sprite', body: createSpriteBody } },
    async (request, reply) => {
      const account = accountOf(request);
      const wanted = newSandbox(request.body);
      const sandbox = await sandboxes
        .create({ ...wanted, account, signal: clientGone(reply) })
        .catch(error => {
          if (!(error instanceof BerthError) || error.code !== 'already-exists') throw error;
          throw new SpritesError(400, 'sprite already exists', `there is a sprite ${wanted.name} already`);
        });
      return reply.code(201).send(shapeOf(request, sandbox));
    },
  );

  app.get(
    '/sprites/:name',
    { onRequest: [...access.sprite], schema: { summary: 'Describe a sprite', params: spriteParams } },
    async request => shapeOf(request, sandboxOf(request)),
  );

  app.put<{ Body: ChangeSpriteBody }>(
    '/sprites/:name',
    {
      onRequest: [...access.sprite],
      schema: { summary: 'Change a sprite', params: spriteParams, body: changeSpriteBody },
    },
    async request => {
      const sandbox = sandboxOf(request);
      await sandboxes.change(sandbox, settings => changedSettings(settings, request.body));
      return shapeOf(request, sandbox);
    },
  );

  app.delete(
    '/sprites/:name',
    { onRequest: [...access.sprite], schema: { summary: 'Destroy a sprite', params: spriteParams } },
    async (request, reply) => {
      await sandboxes.delete(sandboxOf(request));
      return reply.code(204).send();
    },
  );

  app.post(
    '/sprites/:name/upgrade',
    { onRequest: [...access.sprite], schema: { summary: 'Has no effect here', params: spriteParams } },
    async (_, reply) => reply.code(204).send(),
  );

  app.post(
    '/sprites/:name/restart',
    { onRequest: [...access.sprite], schema: { summary: 'Stop a sprite and boot it', params: spriteParams } },
    async request => {
      const sandbox = sandboxOf(request);
      const machine = await sandboxes.restart(sandbox);
      const { name } = sandbox.record;
      return { sprite_name: name, machine_id: machine, message: `sprite ${name} restarted` };
    },
  );

  app.get(
    '/sprites/:name/check',
    { onRequest: [...access.sprite], schema: { summary: 'Tell how a sprite is', params: spriteParams } },
    async request => {
      const startedAt = performance.now();
      const sandbox = sandboxOf(request);
      const { status, reason } = await sandboxes.check(sandbox);
      return {
        sprite_name: sandbox.record.name,
        sprite_id: `sprite-${sandbox.record.id}`,
        status,
        reason,
        checked_at: new Date().toISOString(),
        elapsed: Math.round(performance.now() - startedAt),
      };
    },
  );
}

function newSandbox(body: CreateSpriteBody): Omit<NewSandboxRequest, 'account'> {
  const { name, config = {}, environment, url_settings: url, labels, runtime } = body;
  if (name === undefined || name === '') {
    throw new SpritesError(400, 'name is required', 'name: a sprite needs one');
  }
  if (typeof name !== 'string' || !isSandboxName(name)) {
    throw new SpritesError(
      400,
      'invalid name',
      'name: must be 1 to 56 small letters, digits and hyphens, with no hyphen at its ends',
    );
  }
  const { ram_mb: ramMb, cpus, idle_warm: idleWarm, idle_cold: idleCold } = config;
  const notes: SpriteNotes = {
    ...(body.config && { config }),
    ...(url?.private_access && { privateAccess: url.private_access }),
    ...(runtime && { runtime }),
  };
  return {
    name,
    notes: notes as Record<string, unknown>,
    limits: {
      ...(ramMb && { memoryBytes: ramMb * mebibyte }),
      ...(cpus && { cpu: { quotaUs: cpus * cpuPeriodUs, periodUs: cpuPeriodUs } }),
    },
    access: url?.auth === 'public' ? 'public' : 'owner',
    ...(environment && { environment }),
    ...(labels && { labels }),
    ...(idleWarm !== undefined && { idleWarmMs: parseDuration('config.idle_warm', idleWarm, longestIdleMs) }),
    ...(idleCold !== undefined && { idleColdMs: parseDuration('config.idle_cold', idleCold, longestIdleMs) }),
    waitForCapacity: body.wait_for_capacity ?? false,
  };
}

type Settings = LiveSandbox['record']['settings'];

function changedSettings(settings: Settings, body: ChangeSpriteBody): Settings {
  const { url_settings: url, labels, clear_labels: clearLabels } = body;
  if (url === undefined && labels === undefined && clearLabels === undefined) {
    throw new SpritesError(
      400,
      'invalid request body',
      'the body must have url_settings, labels or clear_labels',
    );
  }
  const notes: SpriteNotes = {
    ...settings.notes,
    ...(url?.private_access && { privateAccess: url.private_access }),
  };
  return {
    ...settings,
    ...(url?.auth && { access: url.auth === 'public' ? ('public' as const) : ('owner' as const) }),
    labels: labels ?? (clearLabels ? [] : settings.labels),
    notes: notes as Record<string, unknown>,
  };
}
