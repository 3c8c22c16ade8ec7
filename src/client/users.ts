import { segment } from './path.ts';
import type { Transport } from './transport.ts';

export type Role = 'super_admin' | 'manage' | 'viewer';

export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly role?: Role;
  readonly email?: string;
}

export interface UserChange {
  readonly role?: Role;
  readonly enabled?: boolean;
  /** An empty one takes it away. */
  readonly email?: string;
}

export interface UserSummary {
  readonly name: string;
  readonly account: string;
  readonly role: Role;
  readonly enabled: boolean;
  readonly email: string | null;
  readonly created_at: string;
}

/** Who can log in; for administrators. */
export class Users {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  create(user: NewUser): Promise<UserSummary> {
    return this.#transport.post('/berth/v1/users', user);
  }

  /** Oldest first. */
  async list(): Promise<UserSummary[]> {
    return (await this.#transport.get<{ users: UserSummary[] }>('/berth/v1/users')).users;
  }

  change(name: string, change: UserChange): Promise<UserSummary> {
    return this.#transport.patch(`/berth/v1/users/${segment(name)}`, change);
  }

  async setPassword(name: string, password: string): Promise<void> {
    await this.#transport.put(`/berth/v1/users/${segment(name)}/password`, { password });
  }

  async delete(name: string): Promise<void> {
    await this.#transport.delete(`/berth/v1/users/${segment(name)}`);
  }
}
