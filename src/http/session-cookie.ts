import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BerthError } from '../lib/errors.ts';

const csrfHeader = 'x-csrf-token';

/**
 * The cookie that holds a browser's session, and the checks that make it safe. Programs that run on this server
 * have pages on host names beside its own, which browsers take for the same site: `SameSite` alone does not keep
 * them out.
 */
export class SessionCookie {
  readonly #publicOrigin: string;
  readonly #name: string;
  readonly #attributes: string;

  /** @param publicUrl what browsers reach the server by; with https the cookie travels over nothing else */
  constructor(publicUrl: string) {
    const { protocol, origin } = new URL(publicUrl);
    const secure = protocol === 'https:';
    this.#publicOrigin = origin;
    // The prefix keeps pages on host names below this one from setting it.
    this.#name = secure ? '__Host-berth_session' : 'berth_session';
    this.#attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  }

  /** Undefined also when there is more than one: somebody else has set the other. */
  tokenOf(request: FastifyRequest): string | undefined {
    const pairs = (request.headers.cookie ?? '').split(';').map(pair => pair.trim());
    const [value, another] = pairs.flatMap(pair =>
      pair.startsWith(`${this.#name}=`) ? [pair.slice(this.#name.length + 1)] : [],
    );
    return another === undefined ? value : undefined;
  }

  /** @param seconds how long the browser is to keep it */
  set(reply: FastifyReply, token: string, seconds: number): void {
    reply.header('set-cookie', `${this.#name}=${token}; Max-Age=${Math.floor(seconds)}; ${this.#attributes}`);
  }

  clear(reply: FastifyReply): void {
    reply.header('set-cookie', `${this.#name}=; Max-Age=0; ${this.#attributes}`);
  }

  /** What a request with this cookie has to have in {@link csrfHeader} to change anything. */
  csrfTokenOf(token: string): string {
    return createHash('sha256').update(`berth csrf ${token}`).digest('base64url');
  }

  /**
   * For requests that change something and are allowed by the cookie.
   * @throws {BerthError} `forbidden`
   */
  checkIntent(request: FastifyRequest, token: string): void {
    this.checkOrigin(request);
    const given = Buffer.from(String(request.headers[csrfHeader] ?? ''));
    const expected = Buffer.from(this.csrfTokenOf(token));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new BerthError('forbidden', `the header ${csrfHeader} is missing or wrong`);
    }
  }

  /**
   * Refuses what the page of another origin has sent. What is no browser tells no origin, and may pass.
   * @throws {BerthError} `forbidden`
   */
  checkOrigin(request: FastifyRequest): void {
    const { origin, host, 'sec-fetch-site': site } = request.headers;
    const foreign = origin !== undefined && origin !== this.#publicOrigin && !isOriginOf(origin, host ?? '');
    const crossing = site !== undefined && site !== 'same-origin' && site !== 'none';
    if (foreign || crossing) throw new BerthError('forbidden', 'cross-origin request refused');
  }
}

/** Whether an origin has this host and port; where one names no port, it is that of the origin's scheme. */
function isOriginOf(origin: string, host: string): boolean {
  const { protocol, host: originHost } = URL.parse(origin) ?? {};
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  return URL.parse(`${protocol}//${host}`)?.host === originHost;
}
