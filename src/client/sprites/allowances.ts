import type { Transport } from '../transport.ts';

export type PrivilegesProfile = 'minimal' | 'standard' | 'privileged';

/** What programs of a sprite may do; what is absent is as for all sprites. */
export interface Privileges {
  readonly profile?: PrivilegesProfile | '';
  /** Of the server's machine, such as `/dev/fuse`. */
  readonly devices?: readonly string[];
  /** Programs can't become root by files that say so (`sudo`). */
  readonly noNewPrivileges?: boolean;
}

/** What they may use; what is absent is as the sprite was made. */
export interface Resources {
  readonly memory?: { readonly limit_mb?: number; readonly autoscale?: boolean };
}

/** One of a sprite's policies that are set as a whole. None of it wakes the sprite. */
export class SpriteAllowance<Policy extends object> {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string) {
    this.#transport = transport;
    this.#path = path;
  }

  /** Empty: nothing is set. */
  get(): Promise<Policy> {
    return this.#transport.get(this.#path);
  }

  /** @throws {ApiError} `not supported` (by the runtime), `invalid request body` and others */
  async set(policy: Policy): Promise<void> {
    await this.#transport.post(this.#path, policy);
  }

  async clear(): Promise<void> {
    await this.#transport.delete(this.#path);
  }
}
