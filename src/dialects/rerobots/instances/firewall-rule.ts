import { isIPv4, isIPv6 } from 'node:net';
import type { Verdict } from '../../../engine/index.ts';
import { RerobotsError } from '../errors.ts';

const actions: Readonly<Record<string, Verdict>> = { ACCEPT: 'accept', DROP: 'drop', REJECT: 'reject' };
const ipv4Bits = 32;
const ipv6Bits = 128;

export function actionName(action: Verdict): string {
  return action.toUpperCase();
}

/** @param fallback address of who asks @throws {RerobotsError} 400 */
export function parseFirewallRule(
  body: Readonly<Record<string, unknown>>,
  fallback: string,
): { source: string; action: Verdict } {
  const { src = fallback, action = 'ACCEPT' } = body;
  if (typeof src !== 'string') throw new RerobotsError(400, 'value for option `src` has wrong type');
  const source = networkOf(src);
  if (source === undefined) {
    const expected = 'an IPv4 address or subnet in CIDR notation';
    throw new RerobotsError(400, `value for option \`src\` must be ${expected}`);
  }
  const known = typeof action === 'string' && Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (known === undefined) throw new RerobotsError(400, 'value for option `action` not recognized');
  return { source, action: known };
}

/** CIDR notation (RFC 4632) with the bits behind the mask cleared; undefined for anything else. */
export function networkOf(text: string): string | undefined {
  const [address = '', mask, ...more] = text.split('/');
  const isV4 = isIPv4(address);
  if (more.length > 0 || (!isV4 && !isIPv6(address)) || address.includes('%')) return undefined;
  const most = isV4 ? ipv4Bits : ipv6Bits;
  if (mask !== undefined && !/^(0|[1-9]\d{0,2})$/.test(mask)) return undefined;
  const bits = mask === undefined ? most : Number(mask);
  if (bits > most) return undefined;
  const kept = isV4 ? maskedIpv4(address, bits) : maskedIpv6(address, bits);
  return `${kept}/${bits}`;
}

function maskedIpv4(address: string, bits: number): string {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const cleared = 2 ** (ipv4Bits - bits);
  const masked = Math.floor(number / cleared) * cleared;
  return [24, 16, 8, 0].map(shift => Math.floor(masked / 2 ** shift) % 256).join('.');
}

function maskedIpv6(address: string, bits: number): string {
  const groups = groupsOf(address);
  const masked = groups.map((group, n) => {
    const kept = Math.min(16, Math.max(0, bits - n * 16));
    return group & ((0xffff << (16 - kept)) & 0xffff);
  });
  // In its shortest form.
  return new URL(`http://[${masked.map(group => group.toString(16)).join(':')}]`).hostname.slice(1, -1);
}

function groupsOf(address: string): number[] {
  const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1); // without dotted parts
  const [before = '', after] = shortest.split('::');
  const parts = (text: string): number[] =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16));
  const [head, tail] = [parts(before), parts(after ?? '')];
  return after === undefined
    ? head
    : [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}
