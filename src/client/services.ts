import { segment } from './path.ts';
import type { Transport } from './transport.ts';

export interface NewService {
  readonly name: string;
  /** The program and its arguments, for a service that runs a command instead of an image. */
  readonly command?: string;
  readonly args?: readonly string[];
  /** Absolute folder on the server's machine that the command starts in. */
  readonly dir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface SpawnRequest {
  readonly lock?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly grace_period_seconds?: number;
  readonly service_environment?: string;
  readonly tag?: string;
  readonly require_bearer_token?: boolean;
}

export interface SpawnResult {
  /** The backend's id. */
  readonly name: string;
  readonly url: string;
  readonly ready_url: string;
  readonly status_url: string;
  readonly status: string;
  /** False when the lock was held: this is the holder. */
  readonly spawned: boolean;
  readonly bearer_token?: string;
}

export class Services {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @throws {ApiError} `AlreadyExists`, `BadRequest`, `Forbidden` */
  async create(account: string, service: NewService): Promise<void> {
    await this.#transport.post(`/user/${segment(account)}/service`, service);
  }

  /** Names, in order. */
  async list(account: string): Promise<string[]> {
    const answer = await this.#transport.get<{ services: string[] }>(`/user/${segment(account)}/services`);
    return answer.services;
  }

  /** Under which name its images are pushed. @throws {ApiError} `NotFound` */
  async imageName(account: string, name: string): Promise<string> {
    const path = `/user/${segment(account)}/service/${segment(name)}/image`;
    return (await this.#transport.get<{ imageName: string }>(path)).imageName;
  }

  /** Ends its backends, too. @throws {ApiError} `NotFound` */
  async delete(account: string, name: string): Promise<void> {
    await this.#transport.post(`/user/${segment(account)}/service/${segment(name)}/delete`, {});
  }

  /** Returns at once; the backend may still be getting ready. */
  spawn(account: string, name: string, request: SpawnRequest): Promise<SpawnResult> {
    return this.#transport.post(`/user/${segment(account)}/service/${segment(name)}/spawn`, request);
  }
}
