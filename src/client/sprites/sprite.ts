import { segment } from '../path.ts';
import type { Transport } from '../transport.ts';
import { SpriteCheckpoints } from './checkpoints.ts';
import { SpriteFiles } from './files.ts';
import { SpriteNetworkPolicy } from './network-policy.ts';
import { SpriteSessions } from './sessions.ts';

/** One sprite by its name, whether it is there or not: `sprite not found` comes with the first use. */
export class Sprite {
  readonly name: string;
  readonly sessions: SpriteSessions;
  readonly files: SpriteFiles;
  readonly checkpoints: SpriteCheckpoints;
  readonly networkPolicy: SpriteNetworkPolicy;

  constructor(transport: Transport, name: string) {
    const path = `/v1/sprites/${segment(name)}`;
    this.name = name;
    this.sessions = new SpriteSessions(transport, path);
    this.files = new SpriteFiles(transport, path);
    this.checkpoints = new SpriteCheckpoints(transport, path);
    this.networkPolicy = new SpriteNetworkPolicy(transport, path);
  }
}
