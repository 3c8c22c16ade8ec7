import type { IncomingMessage } from 'node:http';
import type { LiveSandbox } from '../../engine/index.ts';

/** What may be asked from inside a sprite, below `/v1`. */
const innerPaths = /^\/v1\/((services|tasks|checkpoint|checkpoints)(\/.*)?|info)$/;

const requests = new WeakMap<IncomingMessage, LiveSandbox>();

/**
 * Makes a request that came over the socket inside a sprite one about this sprite: no token is needed, and nothing
 * else can be reached. Any other path leads to nothing.
 */
export function takeInnerRequest(req: IncomingMessage, sandbox: LiveSandbox): void {
  const [path = '', ...query] = (req.url ?? '').split('?');
  const inner = innerPaths.test(path) && !path.includes('/.') ? path.slice('/v1'.length) : '/nothing';
  req.url = [`/v1/sprites/${sandbox.record.name}${inner}`, ...query].join('?');
  requests.set(req, sandbox);
}

/** The sprite that a request comes from; undefined for one from outside. */
export function insideOf(req: IncomingMessage): LiveSandbox | undefined {
  return requests.get(req);
}
