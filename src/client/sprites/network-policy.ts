import type { Transport } from '../transport.ts';

/** A name that may or may not be reached, or the server's own list of what programs usually need. */
export type NetworkRule =
  | { readonly domain: string; readonly action: 'allow' | 'deny' }
  | { readonly include: 'defaults' };

/** What a sprite may reach. None of it wakes the sprite. */
export class SpriteNetworkPolicy {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string) {
    this.#transport = transport;
    this.#path = `${path}/policy/network`;
  }

  /** None: it may reach everything. */
  async get(): Promise<readonly NetworkRule[]> {
    return (await this.#transport.get<{ rules: NetworkRule[] }>(this.#path)).rules;
  }

  /** In force when it returns. @throws {ApiError} `not supported` (by the runtime), `invalid request body` and others */
  async set(rules: readonly NetworkRule[]): Promise<void> {
    await this.#transport.post(this.#path, { rules });
  }
}
