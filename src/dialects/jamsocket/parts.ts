import type { Engine } from '../../engine/index.ts';
import type { SessionCookie } from '../../http/index.ts';
import type { Identity } from '../../identity/index.ts';
import type { ImageStore } from '../../images/index.ts';

/** What the server gives to this dialect. */
export interface JamsocketParts {
  readonly engine: Engine;
  readonly identity: Identity;
  readonly cookie: SessionCookie;
  readonly images: ImageStore;
  readonly settings: JamsocketSettings;
}

export interface JamsocketSettings {
  /** Base of all URLs in answers, without a slash at its end. */
  readonly publicUrl: string;
  /** Backends are `<id>.<domain>`. */
  readonly domain: string;
  /** Host (and port) under which images are pushed. */
  readonly registryHost: string;
  /** The name of this server where a cluster is asked for or told. */
  readonly clusterName: string;
  /** Silence on a stream after which a keep-alive is sent. */
  readonly keepAliveMs: number;
  /** Time between two events of a metrics stream. */
  readonly metricsIntervalMs: number;
  /** Whether accounts other than administrators may create services that run commands of this machine. */
  readonly allowUserCommands: boolean;
}
