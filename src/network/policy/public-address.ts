import { overlaps, parseBlock } from '../subnet.ts';

/**
 * Blocks of IPv4 that are not on the public internet, or hand out credentials of clouds; as IANA's registry of
 * special purposes has them, without those for documentation.
 */
export const privateBlocks: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
];

const blocks = privateBlocks.flatMap(text => parseBlock(text) ?? []);

/** Whether an IPv4 address is one of the public internet. */
export function isPublicAddress(text: string): boolean {
  const address = text.includes('/') ? undefined : parseBlock(text);
  return address !== undefined && !blocks.some(block => overlaps(block, address));
}
