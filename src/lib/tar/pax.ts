/** Key -> value, both bytes as Latin-1 text. */
export type PaxRecords = ReadonlyMap<string, string>;

/** How extended attributes are named in records. */
export const attributePrefix = 'SCHILY.xattr.';

/** Reads records of the form `LENGTH KEY=VALUE\n`. @throws {Error} */
export function parsePax(content: Buffer): PaxRecords {
  const records = new Map<string, string>();
  let start = 0;
  while (start < content.length) {
    const space = content.indexOf(0x20, start);
    const length = Number(content.toString('latin1', start, Math.max(space, start)));
    const end = start + length;
    if (!Number.isInteger(length) || length < 5 || end > content.length || content[end - 1] !== 0x0a) {
      throw new Error('it has a header that makes no sense');
    }
    const record = content.toString('latin1', space + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    start = end;
  }
  return records;
}

export function formatPax(records: PaxRecords): Buffer {
  const parts = [...records].map(([key, value]) => {
    const body = ` ${key}=${value}\n`;
    // The length counts its own digits.
    let length = body.length + 1;
    while (`${length}${body}`.length !== length) length = `${length}${body}`.length;
    return `${length}${body}`;
  });
  return Buffer.from(parts.join(''), 'latin1');
}
