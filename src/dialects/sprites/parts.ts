import type { Engine } from '../../engine/index.ts';
import type { Identity } from '../../identity/index.ts';

export interface SpritesParts {
  readonly engine: Engine;
  readonly identity: Identity;
  readonly settings: SpritesSettings;
}

export interface SpritesSettings {
  readonly publicUrl: string;
  /** Sprites are reached at `<host>.<domain>`. */
  readonly domain: string;
  /** Web pages of these origins may use the API: `*`, or a list with commas. */
  readonly corsOrigins: string;
  /** What an account may have; 0 = unlimited. */
  readonly maxSprites: number;
  readonly maxRunning: number;
  /** The longest time that a stream goes on. */
  readonly maxStreamMs: number;
  /** How long a program at a sprite's URL may take to begin its answer. */
  readonly responseTimeoutMs: number;
  /** Standard input of commands, and files. */
  readonly maxUploadBytes: number;
  /** Silence after which a command's socket says that it is there. */
  readonly execKeepAliveMs: number;
  /** Silence after which the stream of all sprites says that it is there. */
  readonly heartbeatMs: number;
}
