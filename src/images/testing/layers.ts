import { createHash } from 'node:crypto';
import { paddingOf, type TarEntry } from '../../lib/tar/entry.ts';
import { endOfArchive, formatHeader } from '../../lib/tar/format-tar.ts';

/** A member of a made-up layer; its content is text or bytes. */
export interface Member extends Partial<Omit<TarEntry, 'attributes'>> {
  readonly name: string;
  readonly content?: string | Buffer;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A tar archive with these members, whatever they are. */
export function makeLayer(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ content = '', attributes = {}, ...fields }) => {
    const bytes = Buffer.from(content);
    const header = formatHeader({
      type: 'file',
      target: '',
      mode: fields.type === 'folder' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      modifiedAt: 1_700_000_000,
      sizeBytes: bytes.length,
      attributes: new Map(Object.entries(attributes)),
      ...fields,
    });
    return [header, bytes, Buffer.alloc(paddingOf(bytes.length))];
  });
  return Buffer.concat([...parts, endOfArchive]);
}

export function sha256(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
