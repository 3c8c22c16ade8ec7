import type { LiveSandbox } from '../../engine/index.ts';
import { BerthError } from '../../lib/errors.ts';
import { berthToken } from './access.ts';
import type { SpritesParts } from './parts.ts';

/** Where a request to a sprite's URL goes, or how it is refused. Plain values: the edge acts on them. */
export type FrontDoorAnswer =
  | {
      readonly target: { readonly host: string; readonly port: number };
      readonly connectMs: number;
      readonly responseMs: number;
      readonly usedAuthorization: boolean;
      readonly unreachable: string;
      readonly context: Context;
      readonly refused?: never;
    }
  | {
      readonly refused: {
        readonly status: number;
        readonly headers?: Readonly<Record<string, string>>;
        readonly body: Readonly<Record<string, string | number | null>>;
      };
    };

/** What every failure at a sprite's URL tells. */
interface Context {
  readonly [name: string]: string | number | null;
  readonly sprite: string;
  readonly service: string | null;
  readonly port: number;
}

/** Where the URL leads when no service has an HTTP port. */
const defaultPort = 8080;

/**
 * Decides about one request to the URL of a sprite: who may come in, and what has to be brought up first.
 * @param token of the request's `Authorization: Bearer`
 */
export async function openFrontDoor(
  { engine, identity, settings }: SpritesParts,
  sandbox: LiveSandbox,
  token: string | undefined,
): Promise<FrontDoorAnswer> {
  const isPublic = sandbox.record.settings.access === 'public';
  const owner = token === undefined ? undefined : await identity.authenticate(berthToken(token));
  const isOwner = owner?.account.enabled === true && owner.account.id === sandbox.record.accountId;
  if (!isPublic && !isOwner) return unauthorized(sandbox);
  const { name } = sandbox.record;
  let context: Context = { sprite: name, service: null, port: defaultPort };
  try {
    const { workloadId, release } = await sandbox.use();
    // The request itself keeps it awake: the edge has counted it.
    release();
    const found = await sandbox.services.openPort();
    if (found.kind !== 'none') context = { ...context, service: found.service, port: found.port };
    if (found.kind === 'stopped') {
      const message = `service ${found.service} of sprite ${name} was stopped; start it first`;
      return refused(503, 'service stopped', message, context);
    }
    if (found.kind === 'failed') {
      const message = `service ${found.service} of sprite ${name} does not run: ${found.error}`;
      return refused(502, 'bad gateway', message, context);
    }
    const address = engine.addressOf(workloadId);
    if (address === undefined) throw new BerthError('no-capacity', 'the sprite has just ended');
    const { port, service } = context;
    return {
      target: { host: address.host, port },
      connectMs: found.retryMs,
      responseMs: settings.responseTimeoutMs,
      usedAuthorization: isOwner,
      unreachable:
        service === null
          ? `nothing listens on port ${port} of sprite ${name}`
          : `service ${service} of sprite ${name} does not accept connections on port ${port}`,
      context,
    };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    return refused(504, 'gateway timeout', error.message, context);
  }
}

function unauthorized({ record }: LiveSandbox): FrontDoorAnswer {
  const message = 'the URL of this sprite needs a token of its organisation';
  return {
    refused: {
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      body: { error: 'unauthorized', message, sprite: record.name },
    },
  };
}

function refused(status: number, error: string, message: string, context: Context): FrontDoorAnswer {
  return { refused: { status, body: { error, message, ...context } } };
}
