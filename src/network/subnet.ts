import { createHash } from 'node:crypto';

/** A block of IPv4 addresses, `base` in host byte order. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
}

const shortestPrefix = 8;
const longestPrefix = 28;

/** @throws {Error} when it is not the first address of a block of /8 to /28 */
export function parseSubnet(text: string): Subnet {
  const [address = '', length = '', ...rest] = text.split('/');
  const base = parseAddress(address);
  const prefix = /^\d{1,2}$/.test(length) ? Number(length) : Number.NaN;
  const valid = rest.length === 0 && prefix >= shortestPrefix && prefix <= longestPrefix;
  if (base === undefined || !valid) {
    throw new Error(`subnet must be an IPv4 block of /8 to /28 such as 10.200.0.0/16, not "${text}"`);
  }
  if (base % blockSize(prefix) !== 0) throw new Error(`${address} is not the first address of a /${prefix}`);
  return { base, prefix };
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.base)}/${subnet.prefix}`;
}

/** An address or block as `ip` prints it; undefined for anything else (`default`, IPv6). */
export function parseBlock(text: string): Subnet | undefined {
  const [address = '', length = '32'] = text.split('/');
  const base = parseAddress(address);
  const prefix = Number(length);
  if (base === undefined || !Number.isInteger(prefix) || prefix < 1 || prefix > 32) return undefined;
  return { base: base - (base % blockSize(prefix)), prefix };
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + blockSize(b.prefix) && b.base < a.base + blockSize(a.prefix);
}

/** The n-th address of a block. */
export function addressAt(subnet: Subnet, n: number): string {
  return formatAddress(subnet.base + n);
}

/** How many workloads a block has addresses for: all but the block's own, the gateway's and the last. */
export function slotCount(subnet: Subnet): number {
  return blockSize(subnet.prefix) - 3;
}

/**
 * Blocks to try for a data directory, each /16 of 10.128.0.0 to 10.223.255.255 once, beginning at one that
 * its name decides. The range leaves out what container and cluster networks commonly take.
 */
export function candidates(seed: string): Subnet[] {
  const first = 128;
  const count = 96;
  const start = createHash('sha256').update(seed).digest().readUInt32BE(0) % count;
  return Array.from({ length: count }, (_, i) => ({
    base: (10 * 256 + first + ((start + i) % count)) * 65_536,
    prefix: 16,
  }));
}

function blockSize(prefix: number): number {
  return 2 ** (32 - prefix);
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(part => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join('.');
}
