import { ByteSource } from './byte-source.ts';
import { blockBytes, type EntryType, paddingOf, type TarEntry } from './entry.ts';
import { attributePrefix, type PaxRecords, parsePax } from './pax.ts';

/** Headers that describe the next member may not be larger. */
const maxExtraBytes = 1024 * 1024;

const types: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hard-link',
  '2': 'symbolic-link',
  '3': 'device',
  '4': 'device',
  '5': 'folder',
  '6': 'fifo',
};

/** What came before a member and belongs to it. */
interface Extra {
  pax: PaxRecords;
  longName?: string;
  longTarget?: string;
}

/**
 * Reads an archive: ustar, pax (POSIX.1-2001) or GNU. Reads it to its very end, beyond the end mark too.
 * @param take is given each member, and its content to read before the next one comes
 * @throws {Error} with what is wrong with the archive
 */
export async function readTar(
  chunks: AsyncIterable<Buffer>,
  take: (entry: TarEntry, content: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const source = new ByteSource(chunks);
  let extra: Extra = { pax: new Map() };
  for (;;) {
    const header = await source.take(blockBytes);
    if (header === undefined || header.every(byte => byte === 0)) break;
    checkSum(header);
    const kind = header.toString('latin1', 156, 157);
    const size = number(header, 124, 12);
    if (kind === 'x' || kind === 'L' || kind === 'K' || kind === 'g') {
      extra = addExtra(extra, kind, await readExtra(source, size));
      continue;
    }
    const entry = toEntry(header, kind, size, extra);
    extra = { pax: new Map() };
    const content = source.stream(entry.sizeBytes);
    await take(entry, content);
    for await (const _ of content); // what was not taken
    await source.take(paddingOf(entry.sizeBytes));
  }
  await source.drain();
}

function toEntry(
  header: Buffer,
  kind: string,
  headerSize: number,
  { pax, longName, longTarget }: Extra,
): TarEntry {
  const type = types[kind];
  if (type === undefined) throw new Error(`it has a member of type ${JSON.stringify(kind)}`);
  for (const key of pax.keys()) if (key.startsWith('GNU.sparse')) throw new Error('it has a sparse file');
  const plainName = text(header, 0, 100);
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(header, 345, 155) : '';
  const name = pax.get('path') ?? longName ?? (prefix === '' ? plainName : `${prefix}/${plainName}`);
  // Old archives mark folders by a slash alone.
  const isFolder = type === 'folder' || (type === 'file' && kind === '\0' && name.endsWith('/'));
  return {
    type: isFolder ? 'folder' : type,
    name,
    target: pax.get('linkpath') ?? longTarget ?? text(header, 157, 100),
    mode: number(header, 100, 8) & 0o7777,
    uid: decimal(pax, 'uid') ?? number(header, 108, 8),
    gid: decimal(pax, 'gid') ?? number(header, 116, 8),
    modifiedAt: Math.max(0, Math.floor(decimal(pax, 'mtime') ?? number(header, 136, 12))),
    sizeBytes: type === 'file' && !isFolder ? size(decimal(pax, 'size') ?? headerSize) : 0,
    attributes: new Map(
      [...pax].flatMap(([key, value]) =>
        key.startsWith(attributePrefix) ? [[key.slice(attributePrefix.length), value] as const] : [],
      ),
    ),
  };
}

async function readExtra(source: ByteSource, sizeBytes: number): Promise<Buffer> {
  if (size(sizeBytes) > maxExtraBytes) throw new Error('it has a header that is too large');
  const content = await source.take(sizeBytes);
  await source.take(paddingOf(sizeBytes));
  return content ?? Buffer.alloc(0);
}

/** Global headers (`g`) hold nothing that a layer needs. */
function addExtra(extra: Extra, kind: string, content: Buffer): Extra {
  switch (kind) {
    case 'x':
      return { ...extra, pax: parsePax(content) };
    case 'L':
      return { ...extra, longName: text(content, 0, content.length) };
    case 'K':
      return { ...extra, longTarget: text(content, 0, content.length) };
    default:
      return extra;
  }
}

function checkSum(header: Buffer): void {
  const stored = number(header, 148, 8);
  let sum = 0;
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 0x20 : (header[at] ?? 0);
  if (sum !== stored) throw noArchive();
}

function noArchive(): Error {
  return new Error('it is no tar archive, or damaged');
}

function text(buffer: Buffer, start: number, length: number): string {
  const end = buffer.indexOf(0, start);
  return buffer.toString('latin1', start, end < 0 || end > start + length ? start + length : end);
}

/** Octal text, or GNU's binary form for large numbers. */
function number(buffer: Buffer, start: number, length: number): number {
  const first = buffer[start] ?? 0;
  if ((first & 0x80) === 0) {
    const digits = text(buffer, start, length).trim();
    if (!/^[0-7]*$/.test(digits)) throw noArchive();
    return digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  // Negative numbers, which are times before 1970 only, are taken as 0.
  if (first === 0xff) return 0;
  let value = first & 0x7f;
  for (const byte of buffer.subarray(start + 1, start + length)) value = value * 256 + byte;
  return value;
}

function decimal(pax: PaxRecords, key: string): number | undefined {
  const value = pax.get(key);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,20}(\.\d*)?$/.test(value)) throw new Error(`it has a header whose ${key} makes no sense`);
  return Number(value);
}

function size(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error('it has a size that makes no sense');
  return value;
}
