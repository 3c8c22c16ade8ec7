/** Header lines of a response, the hop-by-hop ones taken out and read. */
export interface HeaderBlock {
  /** End-to-end headers, name and value in turns. */
  readonly headers: string[];
  readonly contentLength: string | undefined;
  readonly transferEncoding: string | undefined;
  readonly upgrade: string | undefined;
  readonly close: boolean;
  readonly keepAlive: boolean;
}

type Treatment = 'content-length' | 'transfer-encoding' | 'connection' | 'upgrade' | 'drop';

/** `trailer` is dropped since trailers reach only those clients whose responses are chunked. */
const treatments = new Map<string, Treatment>([
  ['content-length', 'content-length'],
  ['transfer-encoding', 'transfer-encoding'],
  ['connection', 'connection'],
  ['upgrade', 'upgrade'],
  ['keep-alive', 'drop'],
  ['proxy-connection', 'drop'],
  ['proxy-authenticate', 'drop'],
  ['proxy-authorization', 'drop'],
  ['te', 'drop'],
  ['trailer', 'drop'],
  ['x-berth-backend-id', 'drop'],
]);

/**
 * @param text header lines, each with its CRLF
 * @param from where the first line begins
 * @returns undefined when a line has no name. Names and values are checked by whoever writes them.
 */
export function readHeaderLines(text: string, from: number): HeaderBlock | undefined {
  const headers: string[] = [];
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let connection: string | undefined;
  let upgrade: string | undefined;

  let at = from;
  while (at < text.length) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (colon <= at || colon > end) return undefined;
    const name = text.slice(at, colon);
    const value = text.slice(text.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1, end).trim();
    at = end + 2;
    switch (treatments.get(name.toLowerCase())) {
      case undefined:
        headers.push(name, value);
        break;
      case 'content-length':
        contentLength = contentLength === undefined ? value : `${contentLength}, ${value}`;
        headers.push(name, value);
        break;
      case 'transfer-encoding':
        transferEncoding = transferEncoding === undefined ? value : `${transferEncoding}, ${value}`;
        break;
      case 'connection':
        connection = connection === undefined ? value : `${connection}, ${value}`;
        break;
      case 'upgrade':
        upgrade = upgrade === undefined ? value : `${upgrade}, ${value}`;
        break;
    }
  }

  if (connection === undefined) {
    return { headers, contentLength, transferEncoding, upgrade, close: false, keepAlive: false };
  }
  const options = connection
    .toLowerCase()
    .split(',')
    .map(option => option.trim());
  return {
    headers: without(headers, options),
    contentLength,
    transferEncoding,
    upgrade,
    close: options.includes('close'),
    keepAlive: options.includes('keep-alive'),
  };
}

/** Leaves out the headers that `Connection` names, but never the one that delimits the body. */
function without(headers: string[], options: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    const key = name.toLowerCase();
    if (options.includes(key) && key !== 'content-length') continue;
    kept.push(name, headers[i + 1] as string);
  }
  return kept;
}
