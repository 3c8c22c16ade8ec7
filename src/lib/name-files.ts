import { isIP } from 'node:net';

/** The addresses of a name in a file like `/etc/hosts`; empty when it is not in it. */
export function hostsAddresses(hosts: string, name: string): string[] {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  const addresses = new Set<string>();
  for (const line of hosts.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) !== 0 && names.some(one => one.toLowerCase() === wanted)) addresses.add(address);
  }
  return [...addresses];
}

/** The name servers of a file like `/etc/resolv.conf`. */
export function nameServers(resolver: string): string[] {
  const found = resolver.matchAll(/^\s*nameserver\s+(\S+)/gm);
  return [...found].flatMap(([, server = '']) => (isIP(server) === 0 ? [] : [server]));
}
