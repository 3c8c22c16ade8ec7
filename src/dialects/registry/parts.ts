import type { Engine } from '../../engine/index.ts';
import type { Identity } from '../../identity/index.ts';
import type { ImageStore } from '../../images/index.ts';

/** What the server gives to this dialect. */
export interface RegistryParts {
  readonly engine: Pick<Engine, 'services'>;
  readonly identity: Identity;
  readonly images: ImageStore;
  readonly settings: RegistrySettings;
}

export interface RegistrySettings {
  /** Base of all URLs in answers, without a slash at its end. */
  readonly publicUrl: string;
  /** Host (and port) under which images are pushed. */
  readonly registryHost: string;
}
