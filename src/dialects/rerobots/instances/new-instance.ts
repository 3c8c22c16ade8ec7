import type { InstanceOptions } from '../../../engine/index.ts';
import { isSshPublicKey } from '../../../lib/ssh-public-key.ts';
import { isUuid } from '../access.ts';
import { type AllowsAddress, parseEventUrl } from './event-url.ts';
import { Fields, refused, wrongType } from './fields.ts';

const maxKeyLength = 16 * 1024;
const maxUrlLength = 2_048;
const maxReservationSeconds = 2_592_000;
const maxCandidates = 32;
const repositorySchemes = ['http:', 'https:', 'ssh:', 'git:'];

/** A request for an instance, as its body says. */
export interface NewInstance {
  readonly options: InstanceOptions;
  readonly reserve: boolean;
  readonly reserveSeconds?: number;
  readonly allowNoop: boolean;
  /** Ids of deployments; undefined where none that could be are given. */
  readonly candidates?: readonly string[];
}

/** @throws {RerobotsError} 400 for a field that can't be */
export function parseNewInstance(
  body: Readonly<Record<string, unknown>>,
  { maxExpireSeconds, allowsAddress }: { maxExpireSeconds: number; allowsAddress: AllowsAddress },
): NewInstance {
  const fields = new Fields(body);
  const publicKey = parseKey(fields.text('sshkey'));
  const vpn = fields.flag('vpn');
  const reserve = fields.flag('reserve');
  const eventUrl = fields.text('eurl');
  const expireSeconds = fields.count('expire_d', maxExpireSeconds);
  const keepAlive = fields.flag('keepalive');
  const allowNoop = fields.flag('allow_noop');
  const repository = parseRepository(fields.object('repo'));
  const reserveSeconds = fields.count('reserve_d', maxReservationSeconds);
  const candidates = parseCandidates(body.wds);
  return {
    options: {
      ...(publicKey !== undefined && { publicKey }),
      ...(vpn && { vpn }),
      ...(expireSeconds !== undefined && { expireSeconds }),
      ...(keepAlive && { keepAlive }),
      ...(repository && { repository }),
      ...(eventUrl !== undefined && { eventUrl: parseEventUrl(eventUrl, allowsAddress) }),
    },
    reserve,
    ...(reserveSeconds !== undefined && { reserveSeconds }),
    allowNoop,
    ...(candidates && { candidates }),
  };
}

function parseKey(text: string | undefined): string | undefined {
  const key = text?.trim();
  if (key === undefined || (key.length <= maxKeyLength && isSshPublicKey(key))) return key;
  throw refused('sshkey', 'is not a public key');
}

function parseRepository(
  repository: Readonly<Record<string, unknown>> | undefined,
): InstanceOptions['repository'] {
  if (repository === undefined) return undefined;
  const { url, path } = repository;
  if (url === undefined) throw refused('repo', 'missing url');
  if (typeof url !== 'string' || url.length > maxUrlLength || /[\s\p{Cc}]/u.test(url))
    throw wrongType('repo');
  if (!repositorySchemes.includes(URL.parse(url)?.protocol ?? '')) throw wrongType('repo');
  if (path === undefined) return { url };
  if (typeof path !== 'string' || path.length > maxUrlLength || path.includes('\0')) throw wrongType('repo');
  return { url, program: path };
}

function parseCandidates(wds: unknown): readonly string[] | undefined {
  if (!Array.isArray(wds) || wds.length === 0 || wds.length > maxCandidates) return undefined;
  const ids = wds.filter((id): id is string => typeof id === 'string' && isUuid(id));
  return ids.length === wds.length ? [...new Set(ids.map(id => id.toLowerCase()))] : undefined;
}
