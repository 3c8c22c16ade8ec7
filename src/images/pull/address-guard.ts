import { isIP, type LookupFunction } from 'node:net';
import { guardedLookup } from '../../lib/guarded-lookup.ts';
import { kindOfAddress } from '../../lib/public-address.ts';
import { PullError } from './pull-error.ts';

/**
 * Keeps a registry from making this server talk to machines that only the server can reach. A private address is
 * for who may use it and names it: a registry out in the world that leads to one is not followed.
 */
export class AddressGuard {
  readonly #mayBePrivate: boolean;
  readonly #registry: string;
  #registryIsPrivate = false;

  /** @param registry host name of the registry that was asked for, without port */
  constructor(options: { readonly mayBePrivate: boolean; readonly registry: string }) {
    this.#mayBePrivate = options.mayBePrivate;
    this.#registry = options.registry;
  }

  /** @param address of that host @throws {PullError} `address-refused` */
  check(host: string, address: string): void {
    const kind = kindOfAddress(address);
    if (kind === 'unfit') throw refused(host, 'is at an address where no registry can be');
    if (kind === 'public') return;
    if (!this.#mayBePrivate) {
      throw refused(
        host,
        'is at a private address, which only administrators may pull from (see images.pull_private)',
      );
    }
    if (host === this.#registry) this.#registryIsPrivate = true;
    else if (!this.#registryIsPrivate)
      throw refused(host, 'is at a private address, where the registry sent us');
  }

  /** For a host that is an address already, which is never looked up. @throws {PullError} `address-refused` */
  checkLiteral(host: string): void {
    if (isIP(host) !== 0) this.check(host, host);
  }

  /** Looks a host up for a connection, so that what is checked is what is connected to. */
  readonly lookup: LookupFunction = guardedLookup((host, address) => this.check(host, address));
}

/** The machine itself: such a registry is spoken to without TLS, as Docker does. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
  );
}

function refused(host: string, why: string): PullError {
  return new PullError('address-refused', `${host} ${why}`);
}
