import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResponseHead } from './upstream/response-parser.ts';

/** Passes a 1xx response on, where the client can read one (RFC 9110, section 15.2). Others than these are dropped. */
export function relayInformational(req: IncomingMessage, res: ServerResponse, head: ResponseHead): void {
  if (req.httpVersionMajor === 1 && req.httpVersionMinor === 0) return;
  if (head.status === 100) res.writeContinue();
  else if (head.status === 102) res.writeProcessing();
  else if (head.status === 103) relayHints(res, linksOf(head.headers));
}

function relayHints(res: ServerResponse, links: readonly string[]): void {
  for (const link of links) {
    try {
      res.writeEarlyHints({ link });
    } catch {
      // Node writes only links of the plainest form. A hint may be missed; the final response has the link too.
    }
  }
}

function linksOf(headers: readonly string[]): string[] {
  const links: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() === 'link') links.push(headers[i + 1] as string);
  }
  return links;
}
