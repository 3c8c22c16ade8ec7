import type { FastifyInstance } from 'fastify';
import type { Dialect } from '../../http/index.ts';
import { accessChecks } from './access.ts';
import { berthErrors } from './errors.ts';
import type { BerthParts } from './parts.ts';
import { accountRoutes } from './routes/accounts.ts';
import { healthRoutes } from './routes/health.ts';
import { imagePullRoute } from './routes/image-pull.ts';
import { imageRoutes } from './routes/images.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { tokenRoutes } from './routes/tokens.ts';

export type { BerthParts } from './parts.ts';

/** Berth's own API: what no other dialect has, and what operators ask. */
export const berth = {
  name: 'berth',
  errors: berthErrors,
  prefixes: [''],
  register(app: FastifyInstance, parts: BerthParts): void {
    healthRoutes(app, parts);
    metricsRoutes(app, parts);
    const access = accessChecks(parts.identity);
    app.decorateRequest('berthPrincipal', undefined);
    accountRoutes(app, parts, access);
    tokenRoutes(app, parts, access);
    imageRoutes(app, parts, access);
    imagePullRoute(app, parts, access);
  },
} satisfies Dialect<BerthParts>;
