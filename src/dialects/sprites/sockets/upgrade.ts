import type { FastifyRequest } from 'fastify';
import { isUpgrade } from '../../../http/index.ts';
import { SpritesError } from '../errors.ts';

/** @throws {SpritesError} 426 when a request does not ask for a WebSocket */
export function requireUpgrade(request: FastifyRequest): void {
  if (!isUpgrade(request)) throw upgradeRequired();
}

export function upgradeRequired(): SpritesError {
  return new SpritesError(426, 'upgrade required', 'this needs a WebSocket', { upgrade: 'websocket' });
}
