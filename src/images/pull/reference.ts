import { isDigest } from '../blobs/digest.ts';
import { PullError } from './pull-error.ts';

/** An image of another registry. */
export interface RemoteReference {
  /** Host, with a port where it is not the usual one; as it was written. */
  readonly registry: string;
  /** Where that registry is really found. */
  readonly host: string;
  readonly repository: string;
  /** Always there unless a digest is. */
  readonly tag?: string;
  /** Decides, where there is a tag, too. */
  readonly digest?: string;
}

const dockerHub = { registry: 'docker.io', host: 'registry-1.docker.io' };
const dockerHubNames: ReadonlySet<string> = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
]);
const maxReferenceLength = 1_024;

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * Reads `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` as Docker does: without a host it is Docker Hub's, of one part its
 * `library`; without a tag or digest it is `latest`.
 * @throws {PullError} `reference-invalid`
 */
export function parseRemoteReference(text: string): RemoteReference {
  if (text.length > maxReferenceLength) throw invalid(text, 'it is too long');
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0) throw invalid(text, 'it has more than one @');
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(text, 'after @ there must be sha256: and 64 hex digits, or sha512: and 128');
  }
  const { path, tag } = splitTag(named);
  if (tag !== undefined && !tagPattern.test(tag))
    throw invalid(text, 'its tag has characters that no tag has');
  const { registry, host, repository } = splitHost(path);
  if (!hostPattern.test(registry)) throw invalid(text, 'its host is none');
  if (repository.length > 255 || !repository.split('/').every(part => component.test(part))) {
    throw invalid(text, 'a name has small letters, digits, and single separators between them');
  }
  const chosen = tag ?? (digest === undefined ? 'latest' : undefined);
  return {
    registry,
    host,
    repository,
    ...(chosen !== undefined && { tag: chosen }),
    ...(digest !== undefined && { digest }),
  };
}

/** The whole name, such as `docker.io/library/alpine:3`. */
export function nameOfRemote({ registry, repository, tag, digest }: RemoteReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** A colon of a port is followed by a slash; that of a tag is not. */
function splitTag(named: string): { path: string; tag?: string } {
  const colon = named.lastIndexOf(':');
  if (colon < 0 || named.includes('/', colon)) return { path: named };
  return { path: named.slice(0, colon), tag: named.slice(colon + 1) };
}

function splitHost(path: string): Pick<RemoteReference, 'registry' | 'host' | 'repository'> {
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const registry = isHost ? first : dockerHub.registry;
  const rest = isHost ? path.slice(slash + 1) : path;
  if (!dockerHubNames.has(registry)) return { registry, host: registry, repository: rest };
  return { ...dockerHub, repository: rest.includes('/') ? rest : `library/${rest}` };
}

function invalid(text: string, why: string): PullError {
  return new PullError(
    'reference-invalid',
    `image ${JSON.stringify(text.slice(0, 200))}: must look like [HOST/]NAME[:TAG][@DIGEST]; ${why}`,
  );
}
