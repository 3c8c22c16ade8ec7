import type { Engine } from '../../engine/index.ts';
import type { Identity } from '../../identity/index.ts';
import type { Clock } from '../../lib/clock.ts';

export interface RerobotsParts {
  readonly engine: Engine;
  readonly identity: Identity;
  readonly settings: RerobotsSettings;
  readonly clock?: Clock;
}

export interface RerobotsSettings {
  /** What there is may be read without a token. */
  readonly publicRead: boolean;
  /** Web pages of these origins may use the API with credentials; a list with commas. */
  readonly corsOrigins: string;
  readonly rate: RateSettings;
  /** The longest time that an instance may be asked for. */
  readonly maxExpireSeconds: number;
  /** Where events may be sent, beside the internet: addresses and networks, with commas between them. */
  readonly eventAddresses: string;
  /** Where workspaces are reached, if not where this server is. */
  readonly advertisedIpv4?: string;
}

export interface RateSettings {
  /** Requests with one token in a window; 0 = unlimited. */
  readonly token: number;
  /** Requests without a token from one address; 0 = unlimited. */
  readonly anonymous: number;
  readonly windowSeconds: number;
}
