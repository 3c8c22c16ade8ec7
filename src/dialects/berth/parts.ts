import type { Engine } from '../../engine/index.ts';
import type { ReportFault, SessionCookie } from '../../http/index.ts';
import type { Identity } from '../../identity/index.ts';
import type { ImageStore } from '../../images/index.ts';

/** What the server gives to this dialect. */
export interface BerthParts {
  readonly engine: Engine;
  readonly identity: Identity;
  readonly cookie: SessionCookie;
  readonly version: string;
  /** Rejects, saying what does not answer. */
  readonly checkReadiness: () => Promise<void>;
  readonly images: ImageStore;
  readonly settings: BerthSettings;
  readonly reportFault: ReportFault;
}

export interface BerthSettings {
  /** Everybody may pull from registries at private addresses, not only administrators. */
  readonly pullPrivate: boolean;
  /** Silence on a stream after which a keep-alive is sent. */
  readonly keepAliveMs: number;
}
