/** Where a request goes: the parts of its request target (RFC 9112, section 3.2). */
export interface Target {
  /** The authority of an absolute-form target, which counts more than `Host` (section 3.2.2). */
  readonly authority: string | undefined;
  /** Path and query as sent; `*` for the asterisk form. */
  readonly path: string;
}

const absolute = /^https?:\/\/([^/?#@]+)([/?].*)?$/is;

/** Undefined when the target has none of the forms that a server is asked with. */
export function readTarget(url: string | undefined): Target | undefined {
  if (url === undefined) return undefined;
  if (url.charCodeAt(0) === 47 || url === '*') return { authority: undefined, path: url };
  const parts = absolute.exec(url);
  if (parts === null) return undefined;
  const rest = parts[2] ?? '/';
  return { authority: parts[1], path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** The path without its query. */
export function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}

const tokenLength = 43;
const tokenSegment = /^\/[\w-]{43}(?![^/?])/;

/** The first path segment if it has the form of a token: 43 characters of base64url. */
export function tokenOf(path: string): string | undefined {
  if (path.length <= tokenLength || !tokenSegment.test(path)) return undefined;
  return path.slice(1, 1 + tokenLength);
}

/** The path behind its token; every byte stays as sent. */
export function withoutToken(path: string): string {
  const rest = path.slice(1 + tokenLength);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
