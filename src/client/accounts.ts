import { segment } from './path.ts';
import type { Transport } from './transport.ts';

export interface AccountSummary {
  readonly name: string;
  readonly is_admin: boolean;
  readonly enabled: boolean;
  readonly created_at: string;
}

/** Who owns things: users, and organisations that users belong to; for administrators. */
export class Accounts {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  create(name: string): Promise<AccountSummary> {
    return this.#transport.post('/berth/v1/accounts', { name });
  }

  /** By name. */
  async list(): Promise<AccountSummary[]> {
    return (await this.#transport.get<{ accounts: AccountSummary[] }>('/berth/v1/accounts')).accounts;
  }

  /** Names of users, in order. */
  async members(account: string): Promise<string[]> {
    return (await this.#transport.get<{ members: string[] }>(pathOf(account))).members;
  }

  async addMember(account: string, user: string): Promise<void> {
    await this.#transport.post(pathOf(account), { user });
  }

  async removeMember(account: string, user: string): Promise<void> {
    await this.#transport.delete(`${pathOf(account)}/${segment(user)}`);
  }
}

function pathOf(account: string): string {
  return `/berth/v1/accounts/${segment(account)}/members`;
}
