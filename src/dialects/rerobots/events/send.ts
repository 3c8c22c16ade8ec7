import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { OutgoingEvent } from '../../../engine/index.ts';
import { guardedLookup } from '../../../lib/guarded-lookup.ts';
import { bareHost, eventAddresses } from '../instances/event-url.ts';
import { eventBody } from './body.ts';

/**
 * Makes the function that tells events by HTTP. Nothing is sent to addresses that only this server can reach, and no
 * redirect is followed.
 * @param allowed private addresses and networks that may be told, with commas between them
 */
export function eventSender(
  allowed: string,
): (event: OutgoingEvent, signal: AbortSignal) => Promise<boolean> {
  const allows = eventAddresses(allowed);
  const check = (host: string, address: string): void => {
    if (!allows(address)) throw new Error(`${host} is at an address that events are not sent to`);
  };
  const lookup = guardedLookup(check);

  return async (event, signal) => {
    const url = new URL(event.url);
    const host = bareHost(url);
    if (isIP(host) !== 0) check(host, host);
    const body = JSON.stringify(eventBody(event));
    const request = (url.protocol === 'https:' ? tlsRequest : plainRequest)(url, {
      method: 'POST',
      agent: false,
      lookup,
      signal,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'berth',
        'berth-event-id': event.id,
      },
    });
    const answered = Promise.withResolvers<number>();
    request.on('response', response => {
      answered.resolve(response.statusCode ?? 0);
      // What it says is of no interest.
      response.destroy();
    });
    request.on('error', answered.reject);
    request.end(body);
    const status = await answered.promise;
    return status >= 200 && status < 300;
  };
}
