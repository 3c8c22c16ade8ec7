import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Backend, MountRequest, Spawned, SpawnRequest } from '../../../engine/index.ts';
import { asciiJson, clientGone } from '../../../http/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { randomToken } from '../../../lib/ids.ts';
import { type AccessChecks, subject } from '../access.ts';
import type { JamsocketParts } from '../parts.ts';
import { serviceParams } from '../schemas.ts';
import { identityVariables } from '../spawning.ts';
import type { BackendUrls } from '../urls.ts';
import { withoutNulls } from './absent-fields.ts';
import { resourceLimits } from './resource-limits.ts';
import { type ConnectBody, connectBody, type SpawnOptions } from './schemas.ts';

const maxAuthBytes = 8 * 1024;

interface ConnectRoute {
  Params: { environment?: string };
  Body: ConnectBody;
}

export function connectRoutes(
  app: FastifyInstance,
  { engine, settings }: JamsocketParts,
  access: AccessChecks,
  urls: BackendUrls,
): void {
  for (const path of [
    '/service/:account/:service/connect',
    '/service/:account/:service/:environment/connect',
  ]) {
    app.post<ConnectRoute>(
      path,
      {
        onRequest: [...access.service],
        preValidation: async request => {
          request.body = withoutNulls(request.body) as ConnectBody;
        },
        schema: {
          summary: 'Connect to a backend, spawned or held',
          params: serviceParams,
          body: connectBody,
        },
      },
      async (request, reply) => {
        checkAuth(request.body.auth);
        const { spawned, backend } = await connect(request, reply);
        return answer(backend, spawned, request.body);
      },
    );
  }

  async function connect(request: FastifyRequest<ConnectRoute>, reply: FastifyReply): Promise<Spawned> {
    const { key, spawn = true } = request.body;
    const target = {
      account: subject(request, 'account'),
      service: subject(request, 'service'),
      ...(key !== undefined && { lock: { name: key, scope: 'service', field: 'key' } as const }),
    };
    if (spawn === false) {
      if (key === undefined) throw new BerthError('invalid', 'spawn: false needs a key');
      return { spawned: false, backend: engine.backends.holder(target) };
    }
    const { environment } = request.params;
    return engine.backends.spawn({
      ...target,
      ...spawnRequest(spawn === true ? {} : spawn),
      ...(environment !== undefined && { environment }),
      access: 'token',
      identity: identityVariables,
      signal: clientGone(reply),
    });
  }

  function spawnRequest({ tag, cluster, executable, ...times }: SpawnOptions): Partial<SpawnRequest> {
    if (cluster !== undefined && cluster !== 'default' && cluster !== settings.clusterName) {
      throw new BerthError('invalid', `spawn.cluster: there is no cluster ${JSON.stringify(cluster)} here`);
    }
    const { mount = false } = executable ?? {};
    const { lifetime_limit_seconds: lifetime, max_idle_seconds: idle } = times;
    return {
      ...(tag !== undefined && { imageTag: tag }),
      ...(lifetime !== undefined && { lifetimeMs: lifetime * 1000 }),
      ...(idle !== undefined && { graceMs: idle * 1000 }),
      ...(executable?.env && { env: executable.env }),
      ...(mount !== false && { mount: mountRequest(mount) }),
      ...(executable?.resource_limits && { limits: resourceLimits(executable.resource_limits) }),
    };
  }

  /** Each call gets a token of its own, also to a backend that is held. */
  async function answer(backend: Backend, spawned: boolean, { user, auth = {} }: ConnectBody) {
    const { id, latest } = backend;
    const secret = randomToken();
    const token = await engine.backends.issueToken(backend, {
      kind: 'connection',
      userData: auth,
      secret,
      ...(user !== undefined && { username: user }),
    });
    return {
      backend_id: id,
      spawned,
      status: latest.status,
      token,
      url: urls.connection(id, token),
      secret_token: secret,
      status_url: urls.v2Status(id),
      ready_url: urls.ready(id, token),
    };
  }
}

function mountRequest(mount: true | string): MountRequest {
  return {
    folder: mount === true ? { of: 'lock' } : { of: 'account', path: mount },
    target: '/plane-data',
    variable: 'BERTH_MOUNT',
    field: 'spawn.executable.mount',
  };
}

function checkAuth(auth: ConnectBody['auth']): void {
  const bytes = auth === undefined ? 0 : asciiJson(auth).length;
  if (bytes > maxAuthBytes)
    throw new BerthError('invalid', `auth: ${bytes} bytes; the limit is ${maxAuthBytes}`);
}
