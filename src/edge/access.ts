import type { EdgeErrorName } from './errors.ts';
import { bearerToken, cookieToken, withoutAuthCookie } from './plane-auth.ts';
import type { RouteEntry } from './routes.ts';
import { tokenOf, withoutToken } from './target.ts';
import type { Pass } from './tokens.ts';
import type { Visit } from './visit.ts';

/** A request that may go to its workload, and what of it the workload gets to see. */
export interface Admission {
  /** Path and query without the token. */
  readonly path: string;
  readonly pass: Pass | undefined;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
}

export type AccessDecision =
  | { readonly admission: Admission; readonly refused?: never }
  | { readonly refused: EdgeErrorName; readonly admission?: never };

/** A request that goes to the workload as it is. */
export function admitAsIs(visit: Visit): Admission {
  const { authorization, cookie } = visit.head;
  return { path: visit.path, pass: undefined, authorization, cookie };
}

/**
 * Decides whether a request may go to its workload. Access that was granted by header or cookie is used up here:
 * the workload gets neither, but keeps an `Authorization` that is its own affair.
 */
export async function decideAccess(
  visit: Visit,
  entry: RouteEntry,
  find: (token: string) => Promise<Pass | undefined>,
): Promise<AccessDecision> {
  const open = entry.route.access === 'open';
  const { authorization } = visit.head;
  const cookie = open ? visit.head.cookie : withoutAuthCookie(visit.head.cookie);

  const inPath = tokenOf(visit.path);
  const pass = inPath === undefined ? undefined : await find(inPath);
  if (pass !== undefined) {
    return { admission: { path: withoutToken(visit.path), pass, authorization, cookie } };
  }
  if (open) return { admission: { path: visit.path, pass: undefined, authorization, cookie } };

  const inHeader = bearerToken(authorization);
  const byHeader = inHeader === undefined ? undefined : await find(inHeader);
  if (byHeader?.kind === 'bearer') {
    return { admission: { path: visit.path, pass: byHeader, authorization: undefined, cookie } };
  }
  const inCookie = cookieToken(visit.head.cookie);
  const byCookie = inCookie === undefined ? undefined : await find(inCookie);
  if (byCookie?.kind === 'bearer') {
    return { admission: { path: visit.path, pass: byCookie, authorization, cookie } };
  }
  return { refused: inPath === undefined ? 'tokenMissing' : 'tokenDead' };
}
