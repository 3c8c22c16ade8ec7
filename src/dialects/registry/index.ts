import type { FastifyInstance } from 'fastify';
import type { Dialect } from '../../http/index.ts';
import { accessChecks, tellVersion } from './access.ts';
import { Credentials } from './credentials.ts';
import { registryErrors } from './errors.ts';
import type { RegistryParts } from './parts.ts';
import { baseRoutes } from './routes/base.ts';
import { blobRoutes } from './routes/blobs.ts';
import { listRoutes } from './routes/lists.ts';
import { manifestRoutes } from './routes/manifests.ts';
import { tokenRoutes } from './routes/token.ts';
import { uploadRoutes } from './routes/uploads.ts';

export type { RegistryParts, RegistrySettings } from './parts.ts';

/**
 * A registry of images, as the OCI distribution specification 1.1 has it. Each service is a repository of the
 * name `<account>/<service>`; its paths are beside those of Jamsocket's version 2, whose first parts no
 * account is called.
 */
export const registry = {
  name: 'registry',
  errors: registryErrors,
  prefixes: [''],
  register(app: FastifyInstance, parts: RegistryParts): void {
    const credentials = new Credentials(parts.identity);
    const access = accessChecks(parts, credentials);
    takeBodiesAsTheyCome(app);
    app.decorateRequest('registry');
    app.addHook('onRequest', tellVersion);
    app.addHook('onRequest', async request => {
      request.registry = {};
    });
    tokenRoutes(app, credentials);
    baseRoutes(app, parts, access);
    manifestRoutes(app, access);
    blobRoutes(app, access);
    uploadRoutes(app, parts, access);
    listRoutes(app, access);
  },
} satisfies Dialect<RegistryParts>;

/** Whatever their type: routes read them from the connection, and hold no more than they need. */
function takeBodiesAsTheyCome(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async () => undefined);
}
