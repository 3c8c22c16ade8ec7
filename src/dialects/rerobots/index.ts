import type { FastifyInstance } from 'fastify';
import type { Dialect } from '../../http/index.ts';
import { accessChecks, guard } from './access.ts';
import { maxBodyBytes, takeBodiesAsText } from './bodies.ts';
import { rerobotsErrors } from './errors.ts';
import type { RerobotsParts } from './parts.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { firewallRoutes } from './routes/firewall.ts';
import { instanceRoutes } from './routes/instance.ts';
import { instanceListRoutes } from './routes/instances.ts';
import { newRoutes } from './routes/new.ts';
import { queueLengthRoutes } from './routes/queue-lengths.ts';
import { reservationRoutes } from './routes/reservations.ts';
import { rootRoute } from './routes/root.ts';
import { ruleRoutes } from './routes/rules.ts';
import { refuseTheRest } from './unrecognized.ts';

export { eventSender } from './events/send.ts';
export { workspaceLayout } from './layout.ts';
export type { RerobotsParts, RerobotsSettings } from './parts.ts';

/** rerobots' API: workspaces that are queued for and reserved. */
export const rerobots = {
  name: 'rerobots',
  errors: rerobotsErrors,
  prefixes: [''],
  register(app: FastifyInstance, parts: RerobotsParts): void {
    app.addHook('onRoute', route => {
      route.bodyLimit = maxBodyBytes;
      route.config = { ...route.config, readsWholeBody: true };
    });
    takeBodiesAsText(app);
    guard(app, parts);
    const access = accessChecks(parts);
    rootRoute(app, parts);
    deploymentRoutes(app, parts, access);
    queueLengthRoutes(app, parts, access);
    ruleRoutes(app, parts, access);
    newRoutes(app, parts, access);
    instanceListRoutes(app, parts, access);
    instanceRoutes(app, parts, access);
    firewallRoutes(app, parts, access);
    reservationRoutes(app, parts, access);
    refuseTheRest(app);
  },
} satisfies Dialect<RerobotsParts>;
