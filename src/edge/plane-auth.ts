import { addEdgeHeaders } from './response-headers.ts';
import type { Pass } from './tokens.ts';
import type { Visit } from './visit.ts';

/** The forms in which a bearer token may come beside the path: header, cookie, and the path that sets the cookie. */
const authPath = '/_plane_auth';
const cookieName = '_plane_auth';
const token = /^[\w-]{43}$/;

export function isAuthRequest(visit: Visit): boolean {
  if (!visit.path.startsWith(authPath)) return false;
  const next = visit.path.charAt(authPath.length);
  return (next === '' || next === '?') && (visit.req.method === 'GET' || visit.req.method === 'HEAD');
}

/** Sets the cookie and sends the browser on, or refuses. */
export async function answerAuthRequest(
  visit: Visit,
  secure: boolean,
  find: (token: string) => Promise<Pass | undefined>,
): Promise<void> {
  const query = new URLSearchParams(visit.path.slice(authPath.length));
  const redirect = query.get('redirect') ?? '/';
  if (!isOwnPath(redirect)) return visit.refuse('badRedirect');

  const given = query.get('token') ?? '';
  const pass = token.test(given) ? await find(given) : undefined;
  if (visit.gone) return;
  if (pass?.kind !== 'bearer') return visit.refuse('tokenMissing');

  const headers = {
    location: redirect.replace(/[^\x21-\x7e]/gu, encodeURIComponent),
    'set-cookie': `${cookieName}=${given}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-length': '0',
  };
  visit.res.writeHead(302, addEdgeHeaders(Object.entries(headers).flat(), visit.id));
  visit.res.end();
}

/** Browsers read `\` as `/` and leave out tabs and line ends, so that these too could lead to another host. */
function isOwnPath(path: string): boolean {
  return /^\/(?![/\\])\P{Cc}*$/u.test(path);
}

/** The token of an `Authorization: Bearer` value, if it has the form of ours. */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const given = /^bearer +(\S+)$/i.exec(authorization)?.[1];
  return given !== undefined && token.test(given) ? given : undefined;
}

/** The token of our cookie in a `Cookie` value. */
export function cookieToken(cookie: string | undefined): string | undefined {
  if (cookie === undefined) return undefined;
  for (const pair of cookie.split(';')) {
    const given = isOurs(pair) ? pair.slice(pair.indexOf('=') + 1).trim() : '';
    if (token.test(given)) return given;
  }
  return undefined;
}

/** A `Cookie` value without our cookie; undefined when nothing is left. */
export function withoutAuthCookie(cookie: string | undefined): string | undefined {
  if (cookie === undefined || !cookie.includes(cookieName)) return cookie;
  const rest = cookie
    .split(';')
    .filter(pair => !isOurs(pair))
    .join(';')
    .trim();
  return rest === '' ? undefined : rest;
}

function isOurs(pair: string): boolean {
  const end = pair.indexOf('=');
  return end > 0 && pair.slice(0, end).trim() === cookieName;
}
