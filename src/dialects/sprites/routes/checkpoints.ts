import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { SandboxCheckpoint } from '../../../engine/index.ts';
import { sendNdjson } from '../../../http/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, sandboxOf } from '../access.ts';
import { SpritesError } from '../errors.ts';
import { spriteParams } from '../schemas.ts';

const checkpointParams = Type.Object({ name: Type.String(), checkpoint: Type.String() });
const createBody = Type.Object({ comment: Type.Optional(Type.String()) });
const listQuery = Type.Object({
  history: Type.Optional(Type.String()),
  includeAuto: Type.Optional(Type.String()),
});

interface CheckpointRoute {
  Params: { checkpoint: string };
}

/** Copies of the files of a sprite. */
export function checkpointRoutes(app: FastifyInstance, access: AccessChecks): void {
  const options = (summary: string, more: object = {}) => ({
    onRequest: [...access.sprite],
    schema: { summary, params: checkpointParams, ...more },
  });

  app.post<{ Body: { comment?: string } }>(
    '/sprites/:name/checkpoint',
    options('Make a checkpoint', { params: spriteParams, body: createBody }),
    async (request, reply) => {
      const making = await begin(() => sandboxOf(request).checkpoints.create(request.body.comment));
      return sendNdjson(
        request,
        reply,
        () => lines('Creating checkpoint', making, ({ number }) => `Checkpoint v${number} created`),
        { atServerStop: 'finish' },
      );
    },
  );

  app.get<{ Querystring: { history?: string } }>(
    '/sprites/:name/checkpoints',
    options('List checkpoints', { params: spriteParams, querystring: listQuery }),
    async request => {
      const all = await sandboxOf(request).checkpoints.list();
      const { history } = request.query;
      const chosen = history === undefined || history === '' ? all : descendants(all, numberOf(history));
      return chosen.map(shape);
    },
  );

  app.get<CheckpointRoute>(
    '/sprites/:name/checkpoints/:checkpoint',
    options('Describe a checkpoint'),
    async request => {
      const number = numberOf(request.params.checkpoint);
      return shape(await sandboxOf(request).checkpoints.get(number).catch(told));
    },
  );

  app.delete<CheckpointRoute>(
    '/sprites/:name/checkpoints/:checkpoint',
    options('Delete a checkpoint'),
    async (request, reply) => {
      const number = numberOf(request.params.checkpoint);
      await sandboxOf(request).checkpoints.delete(number).catch(told);
      return reply.code(204).send();
    },
  );

  app.post<CheckpointRoute>(
    '/sprites/:name/checkpoints/:checkpoint/restore',
    options('Put the files back as they were'),
    async (request, reply) => {
      const number = numberOf(request.params.checkpoint);
      const { checkpoints } = sandboxOf(request);
      await checkpoints.get(number).catch(told);
      const restoring = await begin(() => checkpoints.restore(number));
      return sendNdjson(
        request,
        reply,
        () => lines(`Restoring v${number}`, restoring, () => `Restored from v${number}`),
        { atServerStop: 'finish' },
      );
    },
  );
}

/**
 * Begins an operation that a stream tells of; it goes on whether anybody reads that or not.
 * @throws {SpritesError} where it is refused at once
 */
async function begin<Result>(operation: () => Begun<Result>): Promise<Begun<Result>> {
  try {
    return operation();
  } catch (error) {
    return told(error);
  }
}

interface Begun<Result> {
  readonly done: Promise<Result>;
}

async function* lines<Result>(
  first: string,
  { done }: Begun<Result>,
  last: (result: Result) => string,
): AsyncGenerator<object> {
  yield { type: 'info', data: first, time: new Date().toISOString() };
  try {
    yield { type: 'complete', data: last(await done), time: new Date().toISOString() };
  } catch (error) {
    const text = error instanceof BerthError ? error.message : 'Berth failed; its log has the cause';
    yield { type: 'error', error: text, time: new Date().toISOString() };
  }
}

/** @throws {SpritesError} 404 */
function numberOf(id: string): number {
  const number = /^v([1-9]\d{0,8})$/.exec(id)?.[1];
  if (number !== undefined) return Number(number);
  const shown = JSON.stringify(id.slice(0, 60));
  throw new SpritesError(404, 'checkpoint not found', `there is no checkpoint ${shown}`);
}

function told(error: unknown): never {
  if (error instanceof BerthError) {
    if (error.code === 'not-found') throw new SpritesError(404, 'checkpoint not found', error.message);
    if (error.code === 'lock-busy') throw new SpritesError(409, 'checkpoint busy', error.message);
    if (error.code === 'forbidden') throw new SpritesError(409, 'checkpoint in use', error.message);
  }
  throw error;
}

function descendants(all: readonly SandboxCheckpoint[], ancestor: number): SandboxCheckpoint[] {
  const family = new Set([ancestor]);
  for (const { number, source } of all.toReversed()) {
    if (source !== undefined && family.has(source)) family.add(number);
  }
  return all.filter(({ number }) => family.has(number));
}

function shape({ number, createdAt, comment, source }: SandboxCheckpoint): object {
  return {
    id: `v${number}`,
    create_time: createdAt.toISOString(),
    ...(comment !== undefined && { comment }),
    ...(source !== undefined && { source_id: `v${source}` }),
    is_auto: false,
    health: '',
  };
}
