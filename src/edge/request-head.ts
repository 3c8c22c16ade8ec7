/** What the edge needs to know of a request's headers, and those it passes on. */
export interface RequestHead {
  readonly host: string | undefined;
  /** The end-to-end headers as they go to the workload, each line with its CRLF. */
  readonly lines: string;
  readonly contentLength: string | undefined;
  readonly chunked: boolean;
  /** The protocols asked for; undefined when the request is not for an upgrade. */
  readonly upgrade: string | undefined;
  /** Not in `lines`, since access may use them up. */
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  readonly forwardedFor: string | undefined;
  /** What makes the request unfit to be passed on. */
  readonly problem: string | undefined;
}

type Treatment =
  | 'host'
  | 'connection'
  | 'content-length'
  | 'transfer-encoding'
  | 'upgrade'
  | 'authorization'
  | 'cookie'
  | 'x-forwarded-for'
  | 'drop';

/**
 * Headers that are not simply passed on: hop-by-hop ones (RFC 9110, section 7.6.1; RFC 2616, section 13.5.1),
 * those the edge sets itself, and `trailer`: a workload may merge trailers into headers that the edge vouches for.
 */
const treatments = new Map<string, Treatment>([
  ['host', 'host'],
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['transfer-encoding', 'transfer-encoding'],
  ['upgrade', 'upgrade'],
  ['authorization', 'authorization'],
  ['cookie', 'cookie'],
  ['x-forwarded-for', 'x-forwarded-for'],
  ['x-forwarded-host', 'drop'],
  ['x-forwarded-proto', 'drop'],
  ['keep-alive', 'drop'],
  ['proxy-connection', 'drop'],
  ['proxy-authenticate', 'drop'],
  ['proxy-authorization', 'drop'],
  ['te', 'drop'],
  ['trailer', 'drop'],
]);

/** Names with this beginning are the edge's alone. */
const verified = 'x-verified-';

/** @param raw name and value in turns, as `IncomingMessage.rawHeaders` has them. */
export function readRequestHead(raw: readonly string[], named?: ReadonlySet<string>): RequestHead {
  let host: string | undefined;
  let lines = '';
  let contentLength: string | undefined;
  let coding: string | undefined;
  let connection = '';
  let upgrade: string | undefined;
  let authorization: string | undefined;
  let cookie: string | undefined;
  let forwardedFor: string | undefined;
  let problem: string | undefined;

  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    const key = name.toLowerCase();
    const treatment = treatments.get(key);
    if (treatment === undefined) {
      if (named?.has(key) || isDisguised(key)) continue;
      lines += `${name}: ${value}\r\n`;
      continue;
    }
    switch (treatment) {
      case 'host':
        if (host !== undefined) problem = 'more than one Host header';
        host = value;
        break;
      case 'connection':
        connection += `${value},`;
        break;
      case 'content-length':
        if (contentLength !== undefined) problem = 'more than one Content-Length header';
        contentLength = value;
        break;
      case 'transfer-encoding':
        coding = coding === undefined ? value : `${coding}, ${value}`;
        break;
      case 'upgrade':
        upgrade = upgrade === undefined ? value : `${upgrade}, ${value}`;
        break;
      case 'authorization':
        if (!named?.has(key)) authorization ??= value;
        break;
      case 'cookie':
        if (!named?.has(key)) cookie = cookie === undefined ? value : `${cookie}; ${value}`;
        break;
      case 'x-forwarded-for':
        forwardedFor = forwardedFor === undefined ? value : `${forwardedFor}, ${value}`;
        break;
    }
  }

  if (named === undefined && connection !== '') {
    const names = namedBy(connection);
    if (names !== undefined) return readRequestHead(raw, names);
  }
  if (coding !== undefined) {
    if (contentLength !== undefined) problem = 'Content-Length together with Transfer-Encoding';
    else if (coding.toLowerCase() !== 'chunked') problem = 'a transfer coding other than chunked';
  }
  return {
    host,
    lines,
    contentLength,
    chunked: coding !== undefined,
    upgrade: isPassedOn(upgrade) ? upgrade : undefined,
    authorization,
    cookie,
    forwardedFor,
    problem,
  };
}

/** CGI-like servers read `_` in a name as `-`, so that `x_verified_username` would pass for the edge's own header. */
function isDisguised(key: string): boolean {
  if (key.startsWith(verified)) return true;
  if (!key.includes('_')) return false;
  const plain = key.replaceAll('_', '-');
  return plain.startsWith(verified) || treatments.has(plain);
}

/** HTTP/2 over an upgraded connection would carry headers past this file, so that protocol is not passed on. */
function isPassedOn(upgrade: string | undefined): boolean {
  return upgrade !== undefined && !/(?:^|,)\s*(?:h2c?|http\/2(?:\.0)?)\s*(?:,|$)/i.test(upgrade);
}

/** The headers that a `Connection` value names, less the usual options; undefined when there are none. */
function namedBy(connection: string): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (const option of connection.toLowerCase().split(',')) {
    const name = option.trim();
    if (name === '' || name === 'keep-alive' || name === 'close' || name === 'upgrade') continue;
    names ??= new Set();
    names.add(name);
  }
  return names;
}
