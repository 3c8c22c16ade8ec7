import { type Challenge, parseChallenges } from './challenge.ts';
import { type HttpClient, wholeBody } from './http-client.ts';
import { pullLimits } from './limits.ts';
import { PullError } from './pull-error.ts';

export interface PullCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * How a registry wants to know who asks: not at all, Basic, or Docker's token flow. Credentials are held for one
 * pull, and go to nobody but the registry and the token service that it names.
 */
export class Authorization {
  readonly #http: HttpClient;
  readonly #credentials: PullCredentials | undefined;
  readonly #scope: string;
  readonly #mayBePlain: boolean;
  #header: string | undefined;
  #renewal: Promise<void> | undefined;

  /** @param mayBePlain the token service may be spoken to without TLS */
  constructor(
    http: HttpClient,
    options: { repository: string; credentials?: PullCredentials | undefined; mayBePlain: boolean },
  ) {
    this.#http = http;
    this.#credentials = options.credentials;
    this.#scope = `repository:${options.repository}:pull`;
    this.#mayBePlain = options.mayBePlain;
  }

  /** Of the next request; undefined as long as the registry has asked for none. */
  get header(): string | undefined {
    return this.#header;
  }

  /**
   * Finds what satisfies a registry that has answered 401.
   * @param used what the refused request had: where it has changed since, there is nothing to do
   * @throws {PullError} `denied`, `bad-answer`, `unreachable`
   */
  async renew(challenge: string, used: string | undefined, signal: AbortSignal): Promise<void> {
    if (this.#header !== used) return;
    this.#renewal ??= this.#satisfy(parseChallenges(challenge), signal).finally(() => {
      this.#renewal = undefined;
    });
    await this.#renewal;
  }

  async #satisfy(challenges: readonly Challenge[], signal: AbortSignal): Promise<void> {
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      this.#header = `Bearer ${await this.#token(bearer, signal)}`;
      return;
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic')) {
      throw new PullError('bad-answer', 'the registry wants credentials, but does not say in which way');
    }
    if (this.#basic === undefined)
      throw new PullError('denied', 'the registry wants a user name and a password');
    if (this.#header === this.#basic) throw denied();
    this.#header = this.#basic;
  }

  async #token({ parameters }: Challenge, signal: AbortSignal): Promise<string> {
    const url = URL.parse(parameters.get('realm') ?? '');
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new PullError('bad-answer', 'the registry names no token service that could be asked');
    }
    if (url.protocol === 'http:' && !this.#mayBePlain) {
      throw new PullError('bad-answer', `the token service ${url.host} has no TLS, so it is not asked`);
    }
    const service = parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', this.#scope);
    const headers = this.#basic === undefined ? {} : { authorization: this.#basic };
    const response = await this.#http.get(url, { headers, signal });
    const body = await wholeBody(response, pullLimits.maxTokenAnswerBytes);
    const status = response.statusCode ?? 0;
    if (status === 401 || status === 403) throw denied();
    if (status >= 500 || status === 429) {
      throw new PullError('unreachable', `the token service ${url.host} answered ${status}`);
    }
    const token = status === 200 ? tokenIn(body) : undefined;
    if (token === undefined) {
      throw new PullError('bad-answer', `the token service ${url.host} answered ${status}, without a token`);
    }
    return token;
  }

  get #basic(): string | undefined {
    if (this.#credentials === undefined) return undefined;
    const { username, password } = this.#credentials;
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
}

function tokenIn(body: Buffer): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const found = token ?? other;
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

export function denied(): PullError {
  return new PullError(
    'denied',
    'the registry does not let these credentials pull this image, or it has no such image',
  );
}
