import { segment } from '../path.ts';
import type { Transport } from '../transport.ts';
import { Sprite } from './sprite.ts';

/** Who may use the URL of a sprite: holders of a token of its account, or everybody. */
export type UrlAuth = 'sprite' | 'public';

export interface SpriteRecord {
  readonly id: string;
  readonly name: string;
  readonly organization: string;
  /** `warm`: stopped in memory; `cold`: its files only. Both wake when they are used. */
  readonly status: 'running' | 'warm' | 'cold';
  readonly url: string;
  readonly url_settings: { readonly auth: UrlAuth; readonly private_access: string };
  readonly created_at: string;
  readonly updated_at: string;
  readonly config?: Readonly<Record<string, string | number>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: readonly string[];
  readonly version: string;
  readonly last_running_at?: string;
  readonly last_warming_at?: string;
}

export interface NewSprite {
  readonly name: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: readonly string[];
  readonly url_settings?: { readonly auth: UrlAuth };
}

export interface SpriteChange {
  readonly labels?: readonly string[];
  readonly url_settings?: { readonly auth: UrlAuth };
}

interface Page {
  readonly sprites: readonly SpriteRecord[];
  readonly next_continuation_token: string | null;
}

/** Above the server's own limit for a boot. */
const createTimeoutMs = 130_000;
const pageSize = 100;

/** Sandboxes of the account that the token belongs to. */
export class Sprites {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** What can be done with one. Nothing is sent yet. */
  named(name: string): Sprite {
    return new Sprite(this.#transport, name);
  }

  /** Returns when it runs. @throws {ApiError} `sprite already exists`, `invalid name` and others */
  create(sprite: NewSprite): Promise<SpriteRecord> {
    return this.#transport.post('/v1/sprites', sprite, {}, createTimeoutMs);
  }

  /** All of them, by name. */
  async list({ prefix = '' }: { readonly prefix?: string } = {}): Promise<SpriteRecord[]> {
    const found: SpriteRecord[] = [];
    const query = new URLSearchParams({ max_results: String(pageSize), ...(prefix !== '' && { prefix }) });
    for (;;) {
      const page = await this.#transport.get<Page>(`/v1/sprites?${query.toString()}`);
      found.push(...page.sprites);
      if (page.next_continuation_token === null) return found;
      query.set('continuation_token', page.next_continuation_token);
    }
  }

  /** Does not wake it. @throws {ApiError} `sprite not found` */
  get(name: string): Promise<SpriteRecord> {
    return this.#transport.get(`/v1/sprites/${segment(name)}`);
  }

  /** @throws {ApiError} `sprite not found` */
  change(name: string, change: SpriteChange): Promise<SpriteRecord> {
    return this.#transport.put(`/v1/sprites/${segment(name)}`, change);
  }

  /** With all that is in it: files, checkpoints, sessions. @throws {ApiError} `sprite not found` */
  async destroy(name: string): Promise<void> {
    await this.#transport.delete(`/v1/sprites/${segment(name)}`);
  }
}
