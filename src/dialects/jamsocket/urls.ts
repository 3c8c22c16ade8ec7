import type { JamsocketSettings } from './parts.ts';

/** Where clients find a backend and its pages. All URLs come from the settings, never from request headers. */
export class BackendUrls {
  readonly #publicUrl: string;
  readonly #scheme: string;
  readonly #domain: string;
  readonly #port: string;

  constructor({ publicUrl, domain }: Pick<JamsocketSettings, 'publicUrl' | 'domain'>) {
    const { protocol, port } = new URL(publicUrl);
    this.#publicUrl = publicUrl;
    this.#scheme = protocol;
    this.#domain = domain;
    this.#port = port === '' ? '' : `:${port}`;
  }

  backend(id: string): string {
    return `${this.#scheme}//${id}.${this.#domain}${this.#port}/`;
  }

  status(id: string): string {
    return `${this.#publicUrl}/backend/${id}/status`;
  }

  /** A token backend is entered by its token's path. */
  connection(id: string, token: string): string {
    return `${this.backend(id)}${token}/`;
  }

  v2Status(id: string): string {
    return `${this.#publicUrl}/v2/backend/${id}/status`;
  }

  /** With a token, the page may show the log of a failed start and redirect to a token backend. */
  ready(id: string, token?: string): string {
    return token === undefined
      ? `${this.#publicUrl}/backend/${id}/ready`
      : `${this.#publicUrl}/ready/${id}/${token}/`;
  }
}
