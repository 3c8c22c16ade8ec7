import { blockBytes, type EntryType, paddingOf, type TarEntry } from './entry.ts';
import { attributePrefix, formatPax } from './pax.ts';

const typeFlags: Readonly<Record<EntryType, string>> = {
  file: '0',
  'hard-link': '1',
  'symbolic-link': '2',
  device: '3',
  folder: '5',
  fifo: '6',
};

/** Two empty blocks. */
export const endOfArchive = Buffer.alloc(2 * blockBytes);

/** The header of a member, preceded by a pax header where the plain one can't say it. A device is 0/0. */
export function formatHeader(entry: TarEntry): Buffer {
  const records = new Map<string, string>();
  for (const [name, value] of entry.attributes) records.set(attributePrefix + name, value);
  if (!fitsField(entry.name)) records.set('path', entry.name);
  if (!fitsField(entry.target)) records.set('linkpath', entry.target);
  if (entry.sizeBytes > 0o77777777777) records.set('size', String(entry.sizeBytes));
  for (const field of ['uid', 'gid'] as const) {
    if (entry[field] > 0o7777777) records.set(field, String(entry[field]));
  }
  const header = plainHeader(entry, typeFlags[entry.type]);
  if (records.size === 0) return header;
  const pax = formatPax(records);
  const described = plainHeader({ ...entry, name: 'pax', target: '', sizeBytes: pax.length }, 'x');
  return Buffer.concat([described, pax, Buffer.alloc(paddingOf(pax.length)), header]);
}

function plainHeader(entry: TarEntry, typeFlag: string): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(entry.name.slice(0, 100), 0, 'latin1');
  octal(header, 100, 8, entry.mode);
  octal(header, 108, 8, entry.uid);
  octal(header, 116, 8, entry.gid);
  octal(header, 124, 12, entry.sizeBytes);
  octal(header, 136, 12, entry.modifiedAt);
  header.write('        ', 148, 'latin1');
  header.write(typeFlag, 156, 'latin1');
  header.write(entry.target.slice(0, 100), 157, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  octal(header, 329, 8, 0);
  octal(header, 337, 8, 0);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** What does not fit is in a pax header. */
function octal(header: Buffer, start: number, length: number, value: number): void {
  const digits = value.toString(8);
  header.write(digits.length < length ? digits.padStart(length - 1, '0') : '0', start, 'latin1');
}

/** Without a pax header: other than ASCII is left to it, since readers differ in what they make of it. */
function fitsField(text: string): boolean {
  return text.length <= 100 && /^[\x20-\x7e]*$/.test(text);
}
