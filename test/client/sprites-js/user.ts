import type { World } from '../../support/index.ts';
import type { Client, ClientOptions, Sdk, Sprite } from './sdk.ts';

let made = 0;

/** Somebody who uses the library with the administrator's token. */
export class SdkUser {
  readonly sdk: Sdk;
  readonly world: World;
  #shared: Promise<Sprite> | undefined;

  constructor(sdk: Sdk, world: World) {
    this.sdk = sdk;
    this.world = world;
  }

  get isIsolated(): boolean {
    return this.world.runtime === 'oci';
  }

  client(options: Partial<ClientOptions> = {}, token = this.world.server.token): Client {
    return new this.sdk.SpritesClient(token, { baseURL: this.world.server.url, ...options });
  }

  newName(): string {
    return `js-${++made}-${process.pid}`;
  }

  /** One for all cases that leave nothing behind that another could see. */
  shared(): Promise<Sprite> {
    this.#shared ??= this.sprite();
    return this.#shared;
  }

  async sprite(options?: object): Promise<Sprite> {
    return await this.client().createSprite(this.newName(), options);
  }
}
