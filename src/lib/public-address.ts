import { BlockList, isIP } from 'node:net';

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

/** What no server is at: unspecified, link-local (where clouds keep the secrets of a machine), multicast, reserved. */
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
 * `public`: on the internet; `private`: this machine, or in a network that the internet does not know; `unfit`: no
 * server can be there.
 * @param address of IPv4 or IPv6
 */
export function kindOfAddress(address: string): 'public' | 'private' | 'unfit' {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (unfitAddresses.check(address, family)) return 'unfit';
  return privateAddresses.check(address, family) ? 'private' : 'public';
}

/** @param networks addresses, each with or without the length of a prefix */
export function networkList(networks: readonly string[]): BlockList {
  return blockList(
    networks.map(text => {
      const [address = '', prefix] = text.split('/');
      return [address, prefix === undefined ? (isIP(address) === 6 ? 128 : 32) : Number(prefix)];
    }),
  );
}

function blockList(networks: readonly (readonly [network: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks)
    list.addSubnet(network, prefix, network.includes(':') ? 'ipv6' : 'ipv4');
  return list;
}
