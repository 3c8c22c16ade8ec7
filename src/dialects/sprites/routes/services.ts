import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { LiveSandbox, ServiceEvent, ServiceRequest } from '../../../engine/index.ts';
import { clientGone, sendNdjson } from '../../../http/index.ts';
import { type AccessChecks, sandboxOf } from '../access.ts';
import { parseDuration } from '../durations.ts';
import { SpritesError } from '../errors.ts';
import type { SpritesParts } from '../parts.ts';
import { spriteParams } from '../schemas.ts';
import { eventLines } from '../services/event-lines.ts';
import { toldAsSprites } from '../services/service-errors.ts';
import { isServiceName, readDefinition, type ServiceBody, serviceBody } from '../services/service-request.ts';
import { serviceShape } from '../services/service-shape.ts';
import { parseServiceSignal } from '../services/signal.ts';

const serviceParams = Type.Object({ name: Type.String(), service: Type.String() });
const startQuery = Type.Object({ duration: Type.Optional(Type.Unknown({ description: 'such as 5s' })) });
const stopQuery = Type.Object({ timeout: Type.Optional(Type.Unknown({ description: 'such as 10s' })) });
const restartQuery = Type.Object({ ...startQuery.properties, ...stopQuery.properties });
const logQuery = Type.Object({ ...startQuery.properties, lines: Type.Optional(Type.Unknown()) });
const signalBody = Type.Object({
  name: Type.Optional(Type.String({ description: 'required; of the service' })),
  signal: Type.Optional(Type.Union([Type.String(), Type.Integer()], { description: 'required' })),
});

interface ServiceRoute {
  Params: { service: string };
  Querystring: { duration?: unknown; timeout?: unknown; lines?: unknown };
}

const defaultWindow = '5s';
const defaultStop = '10s';
const longestStopMs = 300_000;
const maxLines = 2 ** 31;
/** What is only looked at is told soon, or not at all. */
const describeTimeoutMs = 5_000;

/** Supervised processes of a sprite. All routes wake it. */
export function serviceRoutes(app: FastifyInstance, { settings }: SpritesParts, access: AccessChecks): void {
  const options = (summary: string, more: object = {}) => ({
    onRequest: [...access.sprite],
    schema: { summary, params: serviceParams, ...more },
  });
  const windowOf = ({ query }: FastifyRequest<ServiceRoute>, usual = defaultWindow): number =>
    parseDuration('duration', textOf(query.duration, usual), settings.maxStreamMs);
  const timeoutOf = ({ query }: FastifyRequest<ServiceRoute>): number =>
    parseDuration('timeout', textOf(query.timeout, defaultStop), longestStopMs);

  app.get(
    '/sprites/:name/services',
    options('List services', { params: spriteParams }),
    async (request, reply) => awake(request, reply, services => services.list().map(serviceShape)),
  );

  app.get<ServiceRoute>(
    '/sprites/:name/services/:service',
    options('Describe a service'),
    async (request, reply) =>
      awake(request, reply, services => serviceShape(services.get(request.params.service))),
  );

  app.put<ServiceRoute & { Body: ServiceBody }>(
    '/sprites/:name/services/:service',
    options('Create or change a service, and run it', { querystring: startQuery, body: serviceBody }),
    async (request, reply) => {
      const { service } = request.params;
      if (!isServiceName(service)) throw badName();
      const windowMs = windowOf(request);
      const definition = readDefinition(request.body);
      const putting = await ask(request, services => services.put(service, definition, clientGone(reply)));
      if (wantsOneObject(request)) return serviceShape(sandboxOf(request).services.get(service));
      return stream(request, reply, putting, windowMs);
    },
  );

  app.delete<ServiceRoute>(
    '/sprites/:name/services/:service',
    options('Stop a service and forget it'),
    async (request, reply) => {
      await ask(request, services => services.remove(request.params.service, clientGone(reply)));
      return reply.code(204).send();
    },
  );

  app.post<ServiceRoute>(
    '/sprites/:name/services/:service/start',
    options('Start a service', { querystring: startQuery }),
    async (request, reply) => {
      const windowMs = windowOf(request);
      const { service } = request.params;
      const starting = await ask(request, services => services.start(service, 'asked', clientGone(reply)));
      return stream(request, reply, starting, windowMs);
    },
  );

  app.post<ServiceRoute>(
    '/sprites/:name/services/:service/stop',
    options('Stop a service', { querystring: stopQuery }),
    async (request, reply) => {
      const timeoutMs = timeoutOf(request);
      const { service } = request.params;
      const stopping = await ask(request, services => services.stop(service, timeoutMs, clientGone(reply)));
      return stream(request, reply, stopping, 0);
    },
  );

  app.post<ServiceRoute>(
    '/sprites/:name/services/:service/restart',
    options('Stop a service if it runs, and start it', { querystring: restartQuery }),
    async (request, reply) => {
      const [windowMs, timeoutMs] = [windowOf(request), timeoutOf(request)];
      const { service } = request.params;
      const restarting = await ask(request, services =>
        services.restart(service, timeoutMs, clientGone(reply)),
      );
      return stream(request, reply, restarting, windowMs);
    },
  );

  app.get<ServiceRoute>(
    '/sprites/:name/services/:service/logs',
    options("Read a service's log", { querystring: logQuery }),
    async (request, reply) => {
      const followMs = windowOf(request, '0');
      const lines = linesOf(request.query.lines);
      const { service } = request.params;
      return keepAwake(request, clientGone(reply), async () => {
        const reading = await ask(request, services => services.openLog(service));
        const wanted = { followMs, ...(lines !== undefined && { lines }) };
        await send(request, reply, service, signal => reading({ ...wanted, signal }));
      });
    },
  );

  app.post<{ Body: Type.Static<typeof signalBody> }>(
    '/sprites/:name/services/signal',
    options('Send a signal to a service', { params: spriteParams, body: signalBody }),
    async (request, reply) => {
      const { name, signal } = request.body;
      if (name === undefined || name === '') {
        throw new SpritesError(400, 'invalid request body', 'name is required');
      }
      const wanted = parseServiceSignal(signal);
      await ask(request, services => services.signal(name, wanted, clientGone(reply)));
      return reply.code(204).send();
    },
  );
}

type Services = LiveSandbox['services'];

async function ask<Result>(
  request: FastifyRequest,
  task: (services: Services) => Promise<Result>,
): Promise<Result> {
  try {
    return await task(sandboxOf(request).services);
  } catch (error) {
    return toldAsSprites(error);
  }
}

/** Answers from what is known once the sprite executes. */
async function awake(
  request: FastifyRequest,
  reply: FastifyReply,
  look: (services: Services) => object,
): Promise<object> {
  const inTime = AbortSignal.any([clientGone(reply), AbortSignal.timeout(describeTimeoutMs)]);
  return keepAwake(request, inTime, () => ask(request, async services => look(services)));
}

async function keepAwake<Result>(
  request: FastifyRequest,
  signal: AbortSignal,
  task: () => Promise<Result>,
): Promise<Result> {
  const { release } = await sandboxOf(request).use(signal);
  try {
    return await task();
  } finally {
    release();
  }
}

/** Tells what a request brings about; the sprite stays awake meanwhile. */
async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  { name, events }: ServiceRequest,
  windowMs: number,
): Promise<void> {
  const release = sandboxOf(request).hold();
  try {
    await send(request, reply, name, signal => events({ windowMs, signal }));
  } finally {
    release();
  }
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  open: (signal: AbortSignal) => AsyncIterable<ServiceEvent>,
): Promise<void> {
  const { closing } = request.server;
  await sendNdjson(
    request,
    reply,
    gone => eventLines(name, open(AbortSignal.any([gone, closing])), closing),
    { atServerStop: 'finish' },
  );
}

/** Only one object, at once, instead of a stream. */
function wantsOneObject({ headers }: FastifyRequest): boolean {
  const accept = headers.accept?.toLowerCase() ?? '';
  return accept.includes('application/json') && !accept.includes('application/x-ndjson');
}

function linesOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Math.min(Number(value), maxLines);
  throw new SpritesError(400, 'invalid lines', 'lines: must be a whole number from 0 on');
}

/** The text of a parameter; given twice it is none. */
function textOf(value: unknown, usual: string): string {
  if (value === undefined) return usual;
  return typeof value === 'string' ? value : '';
}

function badName(): SpritesError {
  return new SpritesError(
    400,
    'invalid service name',
    'a service is named by 1 to 63 letters, digits and ._-, the first one a letter or digit',
  );
}
