import type { FastifyInstance } from 'fastify';
import type { Dialect } from '../../http/index.ts';
import { accessChecks, decorateSubject } from './access.ts';
import { explainCutBodies } from './cut-bodies.ts';
import { jamsocketErrors } from './errors.ts';
import type { JamsocketParts } from './parts.ts';
import { authRoutes } from './routes/auth.ts';
import { backendRoutes } from './routes/backends.ts';
import { logRoutes } from './routes/logs.ts';
import { readyRoutes } from './routes/ready.ts';
import { serviceRoutes } from './routes/services.ts';
import { spawnRoutes } from './routes/spawn.ts';
import { statusRoutes } from './routes/status.ts';
import { BackendUrls } from './urls.ts';

export type { JamsocketParts, JamsocketSettings } from './parts.ts';
export { v1StateAfter } from './states.ts';

/** Jamsocket: session backends. Each route is served as it is and under `/v1`. */
export const jamsocket = {
  name: 'jamsocket',
  errors: jamsocketErrors,
  prefixes: ['', '/v1'],
  register(app: FastifyInstance, parts: JamsocketParts): void {
    const access = accessChecks(parts);
    const urls = new BackendUrls(parts.settings);
    explainCutBodies(app);
    decorateSubject(app);
    authRoutes(app, access);
    serviceRoutes(app, parts, access);
    spawnRoutes(app, parts, access, urls);
    backendRoutes(app, parts, access);
    statusRoutes(app, parts, access);
    logRoutes(app, parts, access);
    readyRoutes(app, parts, urls);
  },
} satisfies Dialect<JamsocketParts>;
