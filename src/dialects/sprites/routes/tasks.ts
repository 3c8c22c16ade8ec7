import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { longestTaskMs, type SandboxTask } from '../../../engine/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, sandboxOf } from '../access.ts';
import { parseDuration } from '../durations.ts';
import { SpritesError } from '../errors.ts';
import { spriteParams } from '../schemas.ts';

const taskParams = Type.Object({ name: Type.String(), task: Type.String() });
const taskBody = Type.Object({
  name: Type.Optional(Type.String()),
  expire: Type.Optional(
    Type.Union([Type.Number({ minimum: 0 }), Type.String()], {
      description: 'seconds, or a duration such as 5m',
    }),
  ),
});
type TaskBody = Type.Static<typeof taskBody>;

/** Holds on the run of a sprite, for what runs in it; served inside only. */
export function taskRoutes(app: FastifyInstance, access: AccessChecks): void {
  const options = (summary: string, more: object = {}) => ({
    onRequest: [...access.inside],
    schema: { summary, params: spriteParams, ...more },
  });

  app.get('/sprites/:name/tasks', options('List the tasks of this sprite'), async request => ({
    tasks: sandboxOf(request).tasks.list().map(shape),
  }));

  app.post<{ Body: TaskBody }>(
    '/sprites/:name/tasks',
    options('Keep this sprite awake for some time', { body: taskBody }),
    async (request, reply) => {
      const { body } = request;
      const task = await sandboxOf(request).tasks.put(nameOf(body), expiryMs(body), true).catch(told);
      return reply.code(201).send(shape(task));
    },
  );

  app.put<{ Body: TaskBody }>(
    '/sprites/:name/tasks',
    options('Make a task, or let it go on', { body: taskBody }),
    async request => {
      const { body } = request;
      return shape(await sandboxOf(request).tasks.put(nameOf(body), expiryMs(body)).catch(told));
    },
  );

  app.get<{ Params: { task: string } }>(
    '/sprites/:name/tasks/:task',
    options('Describe a task', { params: taskParams }),
    async request => {
      try {
        return shape(sandboxOf(request).tasks.get(request.params.task));
      } catch (error) {
        return told(error);
      }
    },
  );

  app.put<{ Params: { task: string }; Body: TaskBody }>(
    '/sprites/:name/tasks/:task',
    options('Make a task, or let it go on', { params: taskParams, body: taskBody }),
    async request => {
      const { body, params } = request;
      return shape(await sandboxOf(request).tasks.put(params.task, expiryMs(body)).catch(told));
    },
  );

  app.delete<{ Params: { task: string } }>(
    '/sprites/:name/tasks/:task',
    options('End a task', { params: taskParams }),
    async (request, reply) => {
      await sandboxOf(request).tasks.delete(request.params.task).catch(told);
      return reply.code(204).send();
    },
  );

  app.get('/sprites/:name/info', options('Describe this sprite to itself'), async request => {
    const { record, status } = sandboxOf(request);
    return { id: `sprite-${record.id}`, name: record.name, status };
  });
}

function nameOf({ name }: TaskBody): string {
  if (name !== undefined && name !== '') return name;
  throw new SpritesError(400, 'name is required', 'name: a task needs one');
}

function expiryMs({ expire }: TaskBody): number {
  if (expire === undefined) return longestTaskMs;
  const ms = typeof expire === 'number' ? expire * 1_000 : parseDuration('expire', expire, Number.MAX_VALUE);
  if (ms > 0 && ms <= longestTaskMs) return ms;
  throw new SpritesError(400, 'invalid expire', 'expire: must be more than nothing and at most 1h');
}

function told(error: unknown): never {
  if (error instanceof BerthError && error.code === 'not-found') {
    throw new SpritesError(404, 'task not found', error.message);
  }
  if (error instanceof BerthError && error.code === 'already-exists') {
    throw new SpritesError(409, 'task already exists', error.message);
  }
  throw error;
}

function shape({ name, startedAt, expiresAt }: SandboxTask): object {
  return { name, started_at: startedAt.toISOString(), expires_at: expiresAt.toISOString() };
}
