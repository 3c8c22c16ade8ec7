import type { FastifyInstance } from 'fastify';
import { type Dialect, errorTable } from '../../http/index.ts';
import { accessChecks, decorateSubject } from './access.ts';
import { cliLoginPageRoute } from './cli-login/page-route.ts';
import { cliLoginRoutes } from './cli-login/routes.ts';
import { userSessionRoutes } from './cli-login/user-sessions.ts';
import { explainCutBodies } from './cut-bodies.ts';
import type { JamsocketParts } from './parts.ts';
import { authRoutes } from './routes/auth.ts';
import { changeEnvironmentRoute, environmentRoutes } from './routes/environments.ts';
import { imageListRoute } from './routes/images.ts';
import { logRoutes } from './routes/logs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { serviceRoutes } from './routes/services.ts';
import { terminateRoutes } from './routes/terminate.ts';
import { statusRoutes } from './statuses.ts';
import { BackendUrls } from './urls.ts';
import { backendRoutes as v1BackendRoutes } from './v1/backends.ts';
import { readyRoutes } from './v1/ready.ts';
import { spawnRoutes } from './v1/spawn.ts';
import { spawnTokenRoutes } from './v1/spawn-tokens.ts';
import { v1StatusSource } from './v1/statuses.ts';
import { terminateBackendsRoutes } from './v1/terminate-backends.ts';
import { backendRoutes as v2BackendRoutes } from './v2/backends.ts';
import { connectRoutes } from './v2/connect.ts';
import { v2StatusSource } from './v2/statuses.ts';

export type { JamsocketParts, JamsocketSettings } from './parts.ts';
export { v1StateAfter } from './v1/states.ts';

/** Jamsocket's API, version 1: spawn and status. Each route is served as it is and under `/v1`. */
export const jamsocketV1 = {
  name: 'jamsocket v1',
  errors: errorTable,
  prefixes: ['', '/v1'],
  register(app: FastifyInstance, parts: JamsocketParts): void {
    const { access, urls } = common(app, parts);
    serviceRoutes(app, parts, access, {
      account: '/user/:account',
      service: '/user/:account/service/:service',
      imageName: ['/user/:account/service/:service/image', '/service/:account/:service/image-name'],
      tellsSpawnTokens: true,
    });
    imageListRoute(app, parts, access, '/user/:account/service/:service');
    spawnRoutes(app, parts, access, urls);
    v1BackendRoutes(app, parts, access);
    statusRoutes(app, parts.settings, access, v1StatusSource(parts.engine));
    logRoutes(app, parts, access, '/backend/:backend/logs');
    readyRoutes(app, parts, urls);
    spawnTokenRoutes(app, parts, access, urls);
    cliLoginRoutes(app, parts, access);
    cliLoginPageRoute(app, parts);
    userSessionRoutes(app, parts, access);
    terminateBackendsRoutes(app, parts, access);
    changeEnvironmentRoute(app, parts, access, '/env/:account/:service/:environment/update');
  },
} satisfies Dialect<JamsocketParts>;

/** Version 2: connect with keys and tokens. */
export const jamsocketV2 = {
  name: 'jamsocket v2',
  errors: errorTable,
  prefixes: ['/v2'],
  register(app: FastifyInstance, parts: JamsocketParts): void {
    const { access, urls } = common(app, parts);
    serviceRoutes(app, parts, access, {
      account: '/account/:account',
      service: '/service/:account/:service',
      imageName: ['/service/:account/:service/image-name'],
      tellsSpawnTokens: false,
    });
    imageListRoute(app, parts, access, '/service/:account/:service');
    environmentRoutes(app, parts, access);
    changeEnvironmentRoute(app, parts, access, '/service-env/:account/:service/:environment/update');
    connectRoutes(app, parts, access, urls);
    v2BackendRoutes(app, parts, access);
    statusRoutes(app, parts.settings, access, v2StatusSource(parts.engine));
    logRoutes(app, parts, access, '/backend/:backend/logs');
    logRoutes(app, parts, access, '/backend/:backend/logs/stream');
  },
} satisfies Dialect<JamsocketParts>;

/** What both versions have. */
function common(app: FastifyInstance, parts: JamsocketParts) {
  const access = accessChecks(parts);
  explainCutBodies(app);
  decorateSubject(app);
  authRoutes(app, access);
  terminateRoutes(app, parts, access);
  metricsRoutes(app, parts, access);
  return { access, urls: new BackendUrls(parts.settings) };
}
