import { lookup as lookUp } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { PullError } from './pull-error.ts';

/** Addresses of machines that the internet does not know: the host itself, its networks, carriers' (RFC 6890). */
const privateAddresses = blockList([
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['198.18.0.0', 15],
  ['::1', 128],
  ['fc00::', 7],
]);

/** What no registry is at: unspecified, link-local (where clouds keep the secrets of a machine), multicast, reserved. */
const unfitAddresses = blockList([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  // IPv4 in other clothes, which would lead to any of the above.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['2001::', 32],
]);

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
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (unfitAddresses.check(address, family))
      throw refused(host, 'is at an address where no registry can be');
    if (!privateAddresses.check(address, family)) return;
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
  readonly lookup: LookupFunction = (host, options, done) => {
    lookUp(host, { ...options, all: true }, (failure, addresses) => {
      const refusal = failure ?? this.#refusalOf(host, addresses);
      if (refusal !== undefined) done(refusal, '');
      else if (options.all) done(null, addresses);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };

  #refusalOf(host: string, addresses: readonly { readonly address: string }[]): Error | undefined {
    try {
      for (const { address } of addresses) this.check(host, address);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }
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

function blockList(networks: readonly (readonly [network: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks)
    list.addSubnet(network, prefix, network.includes(':') ? 'ipv6' : 'ipv4');
  return list;
}
