import type { Admission } from './access.ts';
import { withoutQuery } from './target.ts';
import type { Visit } from './visit.ts';

/**
 * The head of the request as the workload gets it.
 *
 * @param scheme what clients use: `http` or `https`
 */
export function forwardedHead(visit: Visit, admission: Admission, scheme: string): string {
  const { head, host } = visit;
  let text = `${visit.req.method} ${admission.path} HTTP/1.1\r\nhost: ${host}\r\n${head.lines}`;
  if (visit.tunnel !== undefined && head.upgrade !== undefined) {
    text += `connection: Upgrade\r\nupgrade: ${head.upgrade}\r\n`;
  }
  if (head.chunked) text += 'transfer-encoding: chunked\r\n';
  else if (head.contentLength !== undefined) text += `content-length: ${head.contentLength}\r\n`;
  if (admission.authorization !== undefined) text += `authorization: ${admission.authorization}\r\n`;
  if (admission.cookie !== undefined) text += `cookie: ${admission.cookie}\r\n`;

  const client = clientAddress(visit.req.socket.remoteAddress);
  const forwardedFor = head.forwardedFor === undefined ? client : `${head.forwardedFor}, ${client}`;
  text += `x-forwarded-for: ${forwardedFor}\r\nx-forwarded-proto: ${scheme}\r\nx-forwarded-host: ${host}\r\n`;
  text += `x-verified-path: ${withoutQuery(visit.path)}\r\nx-verified-backend: ${visit.id}\r\n`;
  if (admission.pass !== undefined) text += admission.pass.lines;
  return `${text}\r\n`;
}

/** IPv4 addresses as such also where the listener is a dual-stack one. */
function clientAddress(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
