import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';

/** Of answers that are written as things happen: nothing between keeps or gathers them. */
export const liveHeaders = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' } as const;

/** Headers that hooks and handlers have set on a reply. */
export function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}

/**
 * Takes an answer out of the framework's hands and sends its head; the body is the caller's to write.
 * @param headers laid over those that were set on the reply
 */
export function beginRawAnswer(
  reply: FastifyReply,
  status: number,
  headers: OutgoingHttpHeaders,
): FastifyReply['raw'] {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(status, { ...headersOf(reply), ...headers });
  raw.flushHeaders();
  return raw;
}
