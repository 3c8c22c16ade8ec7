import { isIP } from 'node:net';
import { kindOfAddress, networkList } from '../../../lib/public-address.ts';
import { RerobotsError } from '../errors.ts';
import { refused } from './fields.ts';

const maxLength = 2_048;

/** Which addresses events may be sent to, beside those of the internet. */
export type AllowsAddress = (address: string) => boolean;

/** @param allowed addresses or networks, with commas between them */
export function eventAddresses(allowed: string): AllowsAddress {
  const list = networkList(allowed.split(/[\s,]+/).filter(Boolean));
  return address =>
    kindOfAddress(address) === 'public' || list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * A URL that events are sent to.
 * @throws {RerobotsError} 400
 */
export function parseEventUrl(text: string, allows: AllowsAddress): string {
  const trimmed = text.trim();
  if (trimmed === '') throw refused('eurl', 'must be nonempty');
  const url = trimmed.length > maxLength ? null : URL.parse(trimmed);
  if (url === null || !['http:', 'https:', 'mailto:'].includes(url.protocol)) {
    throw refused('eurl', 'must be an http, https or mailto URL');
  }
  if (url.protocol === 'mailto:') {
    throw new RerobotsError(400, 'value for option `eurl`: e-mail is not configured on this server');
  }
  const host = bareHost(url);
  if (isIP(host) !== 0 && !allows(host)) throw refused('eurl', 'is not a public address');
  return url.href;
}

/** Without port and without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
