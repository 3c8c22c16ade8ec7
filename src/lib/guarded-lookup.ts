import { lookup as lookUp } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Looks a host up for a connection and checks what was found, so that what is checked is what is connected to. A host
 * that is an address already is never looked up: check it before.
 * @param check throws for an address that is not to be connected to
 */
export function guardedLookup(check: (host: string, address: string) => void): LookupFunction {
  const refusalOf = (host: string, addresses: readonly { readonly address: string }[]): Error | undefined => {
    try {
      for (const { address } of addresses) check(host, address);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  };
  return (host, options, done) => {
    lookUp(host, { ...options, all: true }, (failure, addresses) => {
      const refusal = failure ?? refusalOf(host, addresses);
      if (refusal !== undefined) done(refusal, '');
      else if (options.all) done(null, addresses);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };
}
