import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import { hashToken, randomToken } from '../../lib/ids.ts';
import type { Service, ServiceStore, SpawnTokenStore } from '../../store/store.ts';

export interface SpawnTokensParts {
  readonly store: SpawnTokenStore;
  readonly services: ServiceStore;
  readonly clock: Clock;
}

export interface SpawnPreset {
  /** Idle time of its backends, ms. */
  readonly graceMs?: number;
  readonly imageTag?: string;
}

/** Tokens with which anybody may spawn backends of one service, as its owner has preset them. */
export class SpawnTokens {
  readonly #parts: SpawnTokensParts;

  constructor(parts: SpawnTokensParts) {
    this.#parts = parts;
  }

  /** @returns the token itself; the store has only its hash */
  async create(service: Service, preset: SpawnPreset): Promise<string> {
    const token = randomToken();
    const createdAt = this.#parts.clock.now();
    await this.#parts.store.create({ ...preset, hash: hashToken(token), serviceId: service.id, createdAt });
    return token;
  }

  /** @throws {BerthError} `not-found` */
  async resolve(token: string): Promise<{ readonly service: Service; readonly preset: SpawnPreset }> {
    const found = await this.#parts.store.byHash(hashToken(token));
    const service = found && (await this.#parts.services.byId(found.serviceId));
    if (service === undefined) throw new BerthError('not-found', 'spawn token not found');
    const { graceMs, imageTag } = found ?? {};
    return {
      service,
      preset: { ...(graceMs !== undefined && { graceMs }), ...(imageTag !== undefined && { imageTag }) },
    };
  }

  async revoke(token: string): Promise<void> {
    await this.#parts.store.revoke(hashToken(token));
  }

  /** Live ones of a service. */
  count(service: Service): Promise<number> {
    return this.#parts.store.count(service.id);
  }
}
