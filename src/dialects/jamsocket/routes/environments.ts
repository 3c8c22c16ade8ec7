import type { FastifyInstance } from 'fastify';
import { defaultEnvironment } from '../../../engine/index.ts';
import { BerthError } from '../../../lib/errors.ts';
import { type AccessChecks, subject } from '../access.ts';
import { ok } from '../answers.ts';
import type { JamsocketParts } from '../parts.ts';
import {
  type ChangeEnvironmentBody,
  changeEnvironmentBody,
  type NewEnvironmentBody,
  newEnvironmentBody,
  serviceParams,
  type UseImageBody,
  useImageBody,
} from '../schemas.ts';

interface EnvironmentRoute {
  Params: { environment?: string };
}

/** Words that stand where an environment's name would in paths. */
const reservedNames: ReadonlySet<string> = new Set([
  'connect',
  'update',
  'delete',
  'images',
  'image-name',
  'environment',
  'terminate-backends',
]);

/** Changes an environment's name or image. */
export function changeEnvironmentRoute(
  app: FastifyInstance,
  { engine }: JamsocketParts,
  access: AccessChecks,
  path: string,
): void {
  app.post<EnvironmentRoute & { Body: ChangeEnvironmentBody }>(
    path,
    {
      onRequest: [...access.service],
      schema: { summary: 'Change an environment', params: serviceParams, body: changeEnvironmentBody },
    },
    async request => {
      const { name, image_tag: imageTag } = request.body;
      if (name !== undefined) checkName(name);
      await engine.services.changeEnvironment(
        subject(request, 'service'),
        request.params.environment ?? defaultEnvironment,
        { ...(name !== undefined && { name }), ...(imageTag !== undefined && { imageTag }) },
      );
      return ok;
    },
  );
}

/** What only version 2 has. */
export function environmentRoutes(
  app: FastifyInstance,
  { engine }: JamsocketParts,
  access: AccessChecks,
): void {
  for (const path of [
    '/service/:account/:service/update',
    '/service/:account/:service/:environment/update',
  ]) {
    app.post<EnvironmentRoute & { Body: UseImageBody }>(
      path,
      {
        onRequest: [...access.service],
        schema: { summary: 'Set the image of an environment', params: serviceParams, body: useImageBody },
      },
      async request => {
        const { environment = defaultEnvironment } = request.params;
        const change = { imageTag: request.body.image_tag };
        await engine.services.changeEnvironment(subject(request, 'service'), environment, change);
        return ok;
      },
    );
  }

  app.post<{ Body: NewEnvironmentBody }>(
    '/service/:account/:service/environment',
    {
      onRequest: [...access.service],
      schema: { summary: 'Add an environment', params: serviceParams, body: newEnvironmentBody },
    },
    async request => {
      const { name, image_tag: imageTag = 'latest' } = request.body;
      checkName(name);
      await engine.services.addEnvironment(subject(request, 'service'), { name, imageTag });
      return ok;
    },
  );

  app.post<{ Params: { environment: string } }>(
    '/service/:account/:service/:environment/delete',
    {
      onRequest: [...access.service],
      schema: { summary: 'Delete an environment', params: serviceParams },
    },
    async request => {
      await engine.services.deleteEnvironment(subject(request, 'service'), request.params.environment);
      return ok;
    },
  );
}

function checkName(name: string): void {
  if (reservedNames.has(name)) throw new BerthError('invalid', `name: ${name} is a word of this API`);
}
