import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { algorithmOf, digestOf, isDigest } from '../blobs/digest.ts';
import { maxManifestBytes } from '../limits.ts';
import { mediaTypes } from '../repositories/manifest.ts';
import { isLoopback } from './address-guard.ts';
import { Authorization, denied, type PullCredentials } from './authorization.ts';
import { bareHost, type HttpClient, wholeBody } from './http-client.ts';
import { pullLimits } from './limits.ts';
import { PullError } from './pull-error.ts';
import type { RemoteReference } from './reference.ts';

export interface RemoteManifest {
  readonly content: Buffer;
  /** What the registry says it is; undefined where that is no kind of manifest. */
  readonly mediaType: string | undefined;
  readonly digest: string;
}

export interface RemoteOptions {
  readonly credentials?: PullCredentials | undefined;
  /** Without TLS. A registry on this machine is always spoken to so. */
  readonly plainHttp: boolean;
}

const knownTypes: ReadonlySet<string> = new Set(Object.values(mediaTypes));
const manifestTypes = [...knownTypes].join(', ');
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** One repository of another registry (OCI distribution 1.1), to pull from. */
export class RemoteRepository {
  readonly #http: HttpClient;
  readonly #base: URL;
  readonly #isPlain: boolean;
  readonly #authorization: Authorization;

  constructor(http: HttpClient, { host, repository }: RemoteReference, options: RemoteOptions) {
    this.#http = http;
    this.#isPlain = options.plainHttp || isLoopback(bareHost(new URL(`http://${host}`)));
    this.#base = new URL(`${this.#isPlain ? 'http' : 'https'}://${host}/v2/${repository}/`);
    this.#authorization = new Authorization(http, {
      repository,
      credentials: options.credentials,
      mayBePlain: this.#isPlain,
    });
  }

  /**
   * @param reference tag or digest
   * @throws {PullError} `not-found`, `denied`, `bad-answer`, `unreachable`, `address-refused`
   */
  manifest(reference: string, signal: AbortSignal): Promise<RemoteManifest> {
    return patiently(signal, async () => {
      const response = await this.#get(`manifests/${reference}`, { accept: manifestTypes }, signal);
      const content = await wholeBody(response, maxManifestBytes);
      const asked = isDigest(reference) ? reference : undefined;
      const digest = digestOf(content, asked === undefined ? 'sha256' : algorithmOf(asked));
      const told = response.headers['docker-content-digest'];
      for (const expected of [asked, told]) {
        if (typeof expected !== 'string' || !isDigest(expected)) continue;
        if (digestOf(content, algorithmOf(expected)) === expected) continue;
        throw new PullError(
          'bad-answer',
          `the registry sent a manifest that is not of the digest ${expected}`,
        );
      }
      const type = response.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
      return { content, digest, mediaType: knownTypes.has(type) ? type : undefined };
    });
  }

  /**
   * @param from the first byte that is wanted
   * @returns the body, which begins there or, where the registry sends no parts, at 0
   * @throws {PullError} as {@link manifest}
   */
  async blob(
    digest: string,
    from: number,
    signal: AbortSignal,
  ): Promise<{ response: IncomingMessage; at: number }> {
    const headers = from === 0 ? {} : { range: `bytes=${from}-` };
    const response = await this.#get(`blobs/${digest}`, headers, signal);
    if (response.statusCode !== 206) return { response, at: 0 };
    const at = Number(/^bytes (\d{1,15})-/.exec(response.headers['content-range'] ?? '')?.[1] ?? Number.NaN);
    if (at === from) return { response, at };
    response.destroy();
    throw new PullError('bad-answer', `the registry sent another part of ${digest} than was asked for`);
  }

  /** @returns an answer with status 200 or 206 */
  async #get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    let url = new URL(path, this.#base);
    let hasRenewed = false;
    for (let hops = 0; hops <= pullLimits.maxRedirects; hops++) {
      // Elsewhere the location itself says who may have it.
      const used = url.origin === this.#base.origin ? this.#authorization.header : undefined;
      const response = await this.#http.get(url, {
        headers: { ...headers, ...(used !== undefined && { authorization: used }) },
        signal,
      });
      const status = response.statusCode ?? 0;
      if (status === 200 || status === 206) return response;
      response.destroy();
      if (status === 401 && url.origin === this.#base.origin) {
        if (hasRenewed) throw denied();
        hasRenewed = true;
        hops -= 1;
        await this.#authorization.renew(response.headers['www-authenticate'] ?? '', used, signal);
      } else if (redirects.has(status)) {
        url = this.#redirected(url.href, response.headers.location);
      } else {
        throw refusal(url, status, response.headers['retry-after']);
      }
    }
    throw new PullError('bad-answer', `${url.host} leads in circles`);
  }

  #redirected(from: string, location: string | undefined): URL {
    const { host } = new URL(from);
    const url = URL.parse(location ?? '', from);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new PullError('bad-answer', `${host} leads nowhere`);
    }
    if (url.protocol === 'http:' && !this.#isPlain) {
      throw new PullError('bad-answer', `${host} leads to ${url.host} without TLS, which is not followed`);
    }
    return url;
  }
}

/** An answer that may be another one later. */
class Passing extends PullError {
  readonly pauseMs: number | undefined;

  constructor(message: string, pauseMs: number | undefined) {
    super('unreachable', message);
    this.pauseMs = pauseMs;
  }
}

/**
 * Tries again what may pass: a broken connection, a busy registry.
 * @param attempt is told how many tries in a row brought nothing; it may call `progressed` to begin counting anew
 */
export async function patiently<Result>(
  signal: AbortSignal,
  attempt: (progressed: () => void) => Promise<Result>,
  onRetry: (error: PullError) => void = () => {},
): Promise<Result> {
  let failures = 0;
  for (;;) {
    try {
      return await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      const isPassing = error instanceof PullError && error.code === 'unreachable';
      if (!isPassing || failures >= pullLimits.attempts || isHopeless(error)) throw error;
      onRetry(error);
      const asked = error instanceof Passing ? error.pauseMs : undefined;
      const pauseMs = Math.min(
        pullLimits.longestPauseMs,
        asked ?? pullLimits.firstPauseMs * 2 ** (failures - 1),
      );
      await delay(pauseMs, undefined, { signal });
    }
  }
}

/** No such host, or nobody there: waiting would only keep a typing error from being told. */
function isHopeless({ cause }: PullError): boolean {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  return (
    code === 'ENOTFOUND' || code === 'ECONNREFUSED' || code.startsWith('ERR_TLS') || /CERT|SSL/.test(code)
  );
}

function refusal({ host }: URL, status: number, retryAfter: string | undefined): PullError {
  switch (status) {
    case 401:
    case 403:
      return denied();
    case 404:
      return new PullError('not-found', `${host} has no such image`);
    case 416:
      return new PullError('bad-answer', `${host} does not have the part that was asked for`);
    case 429:
      return new Passing(`${host} answered that there were too many requests`, secondsAsMs(retryAfter));
    default:
      return status >= 500
        ? new Passing(`${host} answered with status ${status}`, secondsAsMs(retryAfter))
        : new PullError('bad-answer', `${host} answered with status ${status}`);
  }
}

function secondsAsMs(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : undefined;
}
