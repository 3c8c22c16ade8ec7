import { Accounts } from './accounts.ts';
import { Backends } from './backends.ts';
import { Images } from './images.ts';
import { Logins } from './logins.ts';
import { RegistryRepository } from './registry.ts';
import { Services } from './services.ts';
import { Sprites } from './sprites/sprites.ts';
import { Tokens } from './tokens.ts';
import { Transport, type TransportOptions } from './transport.ts';
import { Users } from './users.ts';
import { Workspaces } from './workspaces.ts';

export interface Identity {
  readonly account: string;
  readonly accounts: readonly string[];
  readonly is_admin: boolean;
}

/**
 * A Berth server, seen from outside. Every method may throw an `ApiError` (the server said no) or a
 * `ConnectionError` (there was no answer).
 */
export class BerthClient {
  readonly url: string;
  readonly services: Services;
  readonly backends: Backends;
  readonly tokens: Tokens;
  readonly images: Images;
  readonly logins: Logins;
  readonly users: Users;
  readonly accounts: Accounts;
  readonly sprites: Sprites;
  readonly workspaces: Workspaces;
  readonly #transport: Transport;

  constructor(options: TransportOptions) {
    this.#transport = new Transport(options);
    this.url = this.#transport.url;
    this.services = new Services(this.#transport);
    this.backends = new Backends(this.#transport);
    this.tokens = new Tokens(this.#transport);
    this.images = new Images(this.#transport);
    this.logins = new Logins(this.#transport);
    this.users = new Users(this.#transport);
    this.accounts = new Accounts(this.#transport);
    this.sprites = new Sprites(this.#transport);
    this.workspaces = new Workspaces(this.#transport);
  }

  /** The images of a service, as a registry has them. */
  registry(account: string, service: string): RegistryRepository {
    return new RegistryRepository(this.#transport, `${account}/${service}`);
  }

  /** Whose token this is. */
  identity(): Promise<Identity> {
    return this.#transport.get('/auth');
  }
}
