import type { FastifyInstance } from 'fastify';
import { type ReportFault, registerDialect } from '../http/index.ts';
import { type BerthParts, berth } from './berth/index.ts';
import { type JamsocketParts, jamsocketV1, jamsocketV2 } from './jamsocket/index.ts';
import { type RegistryParts, registry } from './registry/index.ts';
import { type RerobotsParts, rerobots } from './rerobots/index.ts';
import { type SpritesParts, sprites } from './sprites/index.ts';

export { v1StateAfter } from './jamsocket/index.ts';
export { eventSender, type RerobotsParts, workspaceLayout } from './rerobots/index.ts';
export { openFrontDoor, type SpritesParts, spriteLayout, takeInnerRequest } from './sprites/index.ts';

export interface DialectParts {
  readonly berth: BerthParts;
  readonly jamsocket: JamsocketParts;
  readonly registry: RegistryParts;
  readonly rerobots: RerobotsParts;
  readonly sprites: SpritesParts;
}

/** Registers every API that this server speaks: the one list of them. */
export async function registerDialects(
  app: FastifyInstance,
  parts: DialectParts,
  reportFault: ReportFault,
): Promise<void> {
  await registerDialect(app, berth, parts.berth, reportFault);
  await registerDialect(app, jamsocketV1, parts.jamsocket, reportFault);
  await registerDialect(app, jamsocketV2, parts.jamsocket, reportFault);
  await registerDialect(app, registry, parts.registry, reportFault);
  await registerDialect(app, sprites, parts.sprites, reportFault);
  await registerDialect(app, rerobots, parts.rerobots, reportFault);
}
