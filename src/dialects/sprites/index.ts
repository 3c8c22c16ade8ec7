import type { FastifyInstance } from 'fastify';
import type { Dialect } from '../../http/index.ts';
import { accessChecks, decorateSubject } from './access.ts';
import { parseAnyTypeAsJson, takeBodiesAsStreams } from './bodies.ts';
import { allowOrigins } from './cors.ts';
import { spritesErrors } from './errors.ts';
import type { SpritesParts } from './parts.ts';
import { checkpointRoutes } from './routes/checkpoints.ts';
import { commandRoute, execRoutes } from './routes/exec.ts';
import { fileWatchRoute } from './routes/file-watch.ts';
import { fileRoutes, fileWriteRoute } from './routes/files.ts';
import { listRoutes } from './routes/list.ts';
import { policyRoutes } from './routes/policies.ts';
import { portRoutes } from './routes/ports.ts';
import { serviceRoutes } from './routes/services.ts';
import { spriteRoutes } from './routes/sprites.ts';
import { taskRoutes } from './routes/tasks.ts';
import { tokenRoutes } from './routes/tokens.ts';

export { type FrontDoorAnswer, openFrontDoor } from './front-door.ts';
export { takeInnerRequest } from './inner-requests.ts';
export { spriteLayout } from './layout.ts';
export type { SpritesParts, SpritesSettings } from './parts.ts';

/** Sprites' API: sandboxes with supervised services. */
export const sprites = {
  name: 'sprites',
  errors: spritesErrors,
  prefixes: ['/v1'],
  register(app: FastifyInstance, parts: SpritesParts): void {
    const access = accessChecks(parts);
    parseAnyTypeAsJson(app);
    decorateSubject(app);
    allowOrigins(app, parts.settings.corsOrigins);
    listRoutes(app, parts, access);
    tokenRoutes(app, parts, access);
    spriteRoutes(app, parts, access);
    serviceRoutes(app, parts, access);
    execRoutes(app, parts, access);
    fileRoutes(app, access);
    fileWatchRoute(app, access);
    portRoutes(app, access);
    taskRoutes(app, access);
    checkpointRoutes(app, access);
    policyRoutes(app, access);
    void app.register(async uploads => {
      takeBodiesAsStreams(uploads);
      commandRoute(uploads, parts, access);
      fileWriteRoute(uploads, access, parts.settings.maxUploadBytes);
    });
  },
} satisfies Dialect<SpritesParts>;
