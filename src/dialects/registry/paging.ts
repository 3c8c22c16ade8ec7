import type { FastifyReply } from 'fastify';
import { maxPageLength, type PageQuery } from './schemas.ts';

/**
 * Reads one page of a list of names, and tells in `Link` where the next one is (RFC 8288).
 * @param path of the list
 * @param read gives up to `limit` names that come after `after`
 */
export async function readPage(
  reply: FastifyReply,
  path: string,
  { n, last }: PageQuery,
  read: (page: { limit: number; after?: string }) => Promise<string[]>,
): Promise<string[]> {
  const length = Math.min(n === undefined ? maxPageLength : Number(n), maxPageLength);
  if (length === 0) return [];
  const names = await read({ limit: length + 1, ...(last !== undefined && { after: last }) });
  if (names.length <= length) return names;
  const page = names.slice(0, length);
  const query = new URLSearchParams({ n: String(length), last: page.at(-1) ?? '' });
  reply.header('link', `<${path}?${query.toString()}>; rel="next"`);
  return page;
}
