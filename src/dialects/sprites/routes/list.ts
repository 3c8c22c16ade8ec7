import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { LiveSandbox } from '../../../engine/index.ts';
import { sendNdjson } from '../../../http/index.ts';
import { type AccessChecks, accountOf, spriteVersion } from '../access.ts';
import { SpritesError } from '../errors.ts';
import type { SpritesParts } from '../parts.ts';
import { countsShape, spriteShape } from '../sprite-shape.ts';
import { watchSprites } from '../watch.ts';

const defaultResults = 50;
const mostResults = 100;

const listQuery = Type.Object({
  prefix: Type.Optional(Type.String({ maxLength: 256 })),
  max_results: Type.Optional(Type.String({ maxLength: 32 })),
  continuation_token: Type.Optional(Type.String({ maxLength: 1024 })),
});
type ListQuery = Type.Static<typeof listQuery>;

export function listRoutes(app: FastifyInstance, parts: SpritesParts, access: AccessChecks): void {
  const { engine, settings } = parts;

  app.get<{ Querystring: ListQuery }>(
    '/sprites',
    {
      onRequest: [...access.token],
      schema: {
        summary: 'List sprites, or watch them with Accept: application/x-ndjson',
        querystring: listQuery,
      },
    },
    async (request, reply) => {
      const { prefix = '', continuation_token: token } = request.query;
      const account = accountOf(request);
      if (/\bapplication\/x-ndjson\b/i.test(request.headers.accept ?? '')) {
        return sendNdjson(request, reply, signal => watchSprites(parts, account, prefix, signal));
      }
      const after = token === undefined ? '' : nameOf(token);
      const found = engine.sandboxes
        .list(account)
        .filter(({ record: { name } }) => name.startsWith(prefix) && name > after);
      const page = found.slice(0, resultsOf(request));
      const counts = countsShape(engine.sandboxes.counts(account), settings);
      return {
        sprites: page.map(sandbox => spriteShape(sandbox, account.name, settings)),
        has_more: page.length < found.length,
        next_continuation_token: page.length < found.length ? tokenOf(page.at(-1)) : null,
        name: account.name,
        ...counts,
        org: { name: account.name, ...counts },
      };
    },
  );

  app.get(
    '/organization',
    { onRequest: [...access.token], schema: { summary: 'Describe the organisation of a token' } },
    async (request, reply) => {
      const account = accountOf(request);
      const running = engine.sandboxes.list(account).filter(({ status }) => status === 'running');
      reply.header('sprite-version', spriteVersion);
      return {
        organization: {
          slug: account.name,
          sprites_enabled: true,
          active_sprites: running.map(({ record }) => record.name),
          max_sprites: settings.maxSprites,
          active_sprite_limit: settings.maxRunning,
        },
      };
    },
  );
}

/** Never refused: what can't be is brought to what can. */
function resultsOf(request: FastifyRequest<{ Querystring: ListQuery }>): number {
  const wanted = Number.parseInt(request.query.max_results ?? '', 10);
  return Number.isNaN(wanted) ? defaultResults : Math.min(Math.max(wanted, 1), mostResults);
}

function tokenOf(last: LiveSandbox | undefined): string {
  return Buffer.from(`after:${last?.record.name ?? ''}`).toString('base64url');
}

/** @throws {SpritesError} 400 for a text that is no token of ours */
function nameOf(token: string): string {
  const name = /^after:([a-z0-9-]{1,56})$/.exec(Buffer.from(token, 'base64url').toString('latin1'))?.[1];
  if (name !== undefined) return name;
  throw new SpritesError(
    400,
    'invalid continuation_token',
    'continuation_token: is none of a list of sprites',
  );
}
