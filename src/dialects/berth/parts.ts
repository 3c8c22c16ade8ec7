import type { Engine } from '../../engine/index.ts';
import type { Identity } from '../../identity/index.ts';

/** What the server gives to this dialect. */
export interface BerthParts {
  readonly engine: Engine;
  readonly identity: Identity;
  readonly version: string;
  /** Rejects, saying what does not answer. */
  readonly checkReadiness: () => Promise<void>;
  /** Bytes on the disk, by what they are of. */
  readonly imageUsage: () => { blobBytes: number; uploadBytes: number; layerBytes: number };
}
