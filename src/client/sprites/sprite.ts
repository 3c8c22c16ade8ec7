import { segment } from '../path.ts';
import type { Transport } from '../transport.ts';
import { type Privileges, type Resources, SpriteAllowance } from './allowances.ts';
import { SpriteCheckpoints } from './checkpoints.ts';
import { SpriteFiles } from './files.ts';
import { SpriteNetworkPolicy } from './network-policy.ts';
import { SpritePorts } from './ports.ts';
import { SpriteServices } from './services.ts';
import { SpriteSessions } from './sessions.ts';

/** One sprite by its name, whether it is there or not: `sprite not found` comes with the first use. */
export class Sprite {
  readonly name: string;
  readonly sessions: SpriteSessions;
  readonly files: SpriteFiles;
  readonly checkpoints: SpriteCheckpoints;
  readonly networkPolicy: SpriteNetworkPolicy;
  /** In force from its next start on. */
  readonly privileges: SpriteAllowance<Privileges>;
  /** In force at once. */
  readonly resources: SpriteAllowance<Resources>;
  readonly services: SpriteServices;
  readonly ports: SpritePorts;

  constructor(transport: Transport, name: string) {
    const path = `/v1/sprites/${segment(name)}`;
    this.name = name;
    this.sessions = new SpriteSessions(transport, path);
    this.files = new SpriteFiles(transport, path);
    this.checkpoints = new SpriteCheckpoints(transport, path);
    this.networkPolicy = new SpriteNetworkPolicy(transport, path);
    this.privileges = new SpriteAllowance(transport, `${path}/policy/privileges`);
    this.resources = new SpriteAllowance(transport, `${path}/policy/resources`);
    this.services = new SpriteServices(transport, path);
    this.ports = new SpritePorts(transport, path);
  }
}
