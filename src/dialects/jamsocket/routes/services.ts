import type { FastifyInstance } from 'fastify';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, subject } from '../access.ts';
import { ok } from '../answers.ts';
import type { JamsocketParts } from '../parts.ts';
import { accountParams, type CreateServiceBody, createServiceBody, serviceParams } from '../schemas.ts';
import { serviceInfo } from '../service-info.ts';

export interface ServicePaths {
  /** Below which services are created and listed. */
  readonly account: string;
  readonly service: string;
  /** Where the name is told under which images of a service are pushed. */
  readonly imageName: readonly string[];
  /** Only version 1 tells how many spawn tokens there are. */
  readonly tellsSpawnTokens: boolean;
}

export function serviceRoutes(
  app: FastifyInstance,
  { engine, images, settings }: JamsocketParts,
  access: AccessChecks,
  paths: ServicePaths,
): void {
  app.post<{ Body: CreateServiceBody }>(
    `${paths.account}/service`,
    {
      onRequest: [...access.account],
      schema: { summary: 'Create a service', params: accountParams, body: createServiceBody },
    },
    async request => {
      const { name, command, args = [], dir, env } = request.body;
      if (command === undefined && (dir !== undefined || args.length > 0)) {
        throw new BerthError('invalid', `${dir === undefined ? 'args' : 'dir'}: needs command`);
      }
      if (command !== undefined && !settings.allowUserCommands && !subject(request, 'principal').isAdmin) {
        throw new BerthError('forbidden', 'command: only administrators may run commands of this machine');
      }
      const program =
        command === undefined
          ? undefined
          : { command: [command, ...args], ...(dir !== undefined && { directory: dir }) };
      await engine.services.create(subject(request, 'account'), {
        name,
        ...(program && { program }),
        ...(env && { env }),
      });
      return ok;
    },
  );

  app.get(
    `${paths.account}/services`,
    { onRequest: [...access.account], schema: { summary: 'List services', params: accountParams } },
    async request => {
      const services = await engine.services.list(subject(request, 'account'));
      return { services: services.map(({ name }) => name) };
    },
  );

  app.get(
    paths.service,
    { onRequest: [...access.service], schema: { summary: 'Describe a service', params: serviceParams } },
    async request => {
      const service = subject(request, 'service');
      const [newest] = await images.repository(service).newestTags(1);
      const info = serviceInfo(service, subject(request, 'account'), settings, newest);
      if (!paths.tellsSpawnTokens) return info;
      return { ...info, spawn_tokens_count: await engine.spawnTokens.count(service) };
    },
  );

  for (const path of paths.imageName) {
    app.get(
      path,
      {
        onRequest: [...access.service],
        schema: { summary: 'Where to push its images', params: serviceParams },
      },
      async request => {
        const info = serviceInfo(subject(request, 'service'), subject(request, 'account'), settings);
        return { ...ok, imageName: info.image_name };
      },
    );
  }

  app.post(
    `${paths.service}/delete`,
    {
      onRequest: [...access.service],
      schema: { summary: 'Delete a service and end its backends', params: serviceParams },
    },
    async request => {
      const service = subject(request, 'service');
      if (!(await engine.services.delete(subject(request, 'account'), service.name))) {
        throw new BerthError('not-found', 'service not found');
      }
      await engine.backends.terminateService(service);
      return ok;
    },
  );
}
