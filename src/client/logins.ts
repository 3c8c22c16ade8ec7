import { segment } from './path.ts';
import type { Transport } from './transport.ts';

/** Of a command line that is logged in. */
export interface UserSession {
  readonly uuid: string;
  readonly token: string;
  readonly expiration: string;
}

/** Logging a command line in and out. */
export class Logins {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @returns the token of the attempt, and the page where a person approves it */
  async begin(about: { readonly userAgent: string; readonly userHost: string }) {
    const headers = { 'user-agent': about.userAgent, 'x-user-host': about.userHost };
    const { token } = await this.#transport.post<{ token: string }>('/cli-login', {}, headers);
    return { token, page: `${this.#transport.url}/cli-login/${segment(token)}` };
  }

  /**
   * Waits until a person has decided, which may be never: the server gives up after some minutes.
   * @throws {ApiError} `NotFound` when it is over
   */
  async decision(token: string, signal?: AbortSignal): Promise<'ok' | 'failed'> {
    let decision: 'ok' | 'failed' | undefined;
    const path = `/cli-login/${segment(token)}/status/stream`;
    const events = this.#transport.stream(path, { signal, finished: () => decision !== undefined });
    for await (const { data } of events) {
      decision = (JSON.parse(data) as { status: string }).status === 'ok' ? 'ok' : 'failed';
      break;
    }
    return decision ?? 'failed';
  }

  /** @throws {ApiError} `InvalidAuth` for a wrong code, `NotFound` when it is over */
  complete(token: string, code: string): Promise<UserSession> {
    return this.#transport.post(`/cli-login/${segment(token)}/complete`, { code });
  }

  /** @returns the code that the command line wants */
  async approve(token: string): Promise<string> {
    const path = `/cli-login/${segment(token)}/approve`;
    return (await this.#transport.post<{ code: string }>(path, {})).code;
  }

  /** @throws {ApiError} `NotFound`, `InvalidAuth` when it has ended already */
  async end(uuid: string): Promise<void> {
    await this.#transport.post(`/user-session/${segment(uuid)}/delete`, {});
  }
}
