import { segment } from './path.ts';
import type { Transport } from './transport.ts';

export interface NewToken {
  readonly label?: string;
  readonly expires_in_seconds?: number;
  /** Another account than the token's own; administrators only. */
  readonly account?: string;
}

export interface TokenSummary {
  readonly id: string;
  readonly label: string;
  readonly public_part: string;
  readonly account: string;
  readonly created_at: string;
  /** Null when it never expires. */
  readonly expires_at: string | null;
}

export interface CreatedToken extends TokenSummary {
  /** The whole token. It can't be read again later. */
  readonly token: string;
}

export class Tokens {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  create(token: NewToken): Promise<CreatedToken> {
    return this.#transport.post('/berth/v1/tokens', token);
  }

  /** Newest first. */
  async list(account?: string): Promise<TokenSummary[]> {
    return (await this.#transport.get<{ tokens: TokenSummary[] }>(`/berth/v1/tokens${of(account)}`)).tokens;
  }

  /** @throws {ApiError} `NotFound` */
  async revoke(id: string, account?: string): Promise<void> {
    await this.#transport.delete(`/berth/v1/tokens/${segment(id)}${of(account)}`);
  }
}

function of(account: string | undefined): string {
  return account === undefined ? '' : `?account=${segment(account)}`;
}
