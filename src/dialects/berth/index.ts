import type { FastifyInstance } from 'fastify';
import type { Dialect } from '../../http/index.ts';
import { accessChecks } from './access.ts';
import { berthErrors } from './errors.ts';
import { loginPageRoute } from './login-page/route.ts';
import type { BerthParts } from './parts.ts';
import { accountRoutes } from './routes/accounts.ts';
import { healthRoutes } from './routes/health.ts';
import { imagePullRoute } from './routes/image-pull.ts';
import { imageRoutes } from './routes/images.ts';
import { loginRoutes } from './routes/login.ts';
import { memberRoutes } from './routes/members.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { userRoutes } from './routes/users.ts';
import { workspaceDeploymentRoutes } from './routes/workspace-deployments.ts';

export type { BerthParts } from './parts.ts';

/** Berth's own API: what no other dialect has, and what operators ask. */
export const berth = {
  name: 'berth',
  errors: berthErrors,
  prefixes: [''],
  register(app: FastifyInstance, parts: BerthParts): void {
    healthRoutes(app, parts);
    metricsRoutes(app, parts);
    const access = accessChecks(parts.identity, parts.cookie);
    app.decorateRequest('berthPrincipal', undefined);
    accountRoutes(app, parts, access);
    memberRoutes(app, parts, access);
    tokenRoutes(app, parts, access);
    imageRoutes(app, parts, access);
    imagePullRoute(app, parts, access);
    userRoutes(app, parts, access);
    workspaceDeploymentRoutes(app, parts, access);
    sessionRoutes(app, parts, access);
    loginRoutes(app, parts, access);
    loginPageRoute(app, parts);
  },
} satisfies Dialect<BerthParts>;
