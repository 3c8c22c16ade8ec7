export type EntryType = 'file' | 'hard-link' | 'symbolic-link' | 'device' | 'folder' | 'fifo';

/** A member of a tar archive. Names are bytes, kept as Latin-1 text whatever they mean. */
export interface TarEntry {
  readonly type: EntryType;
  readonly name: string;
  /** Of links. */
  readonly target: string;
  /** Permission bits with set-uid, set-gid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since 1970. */
  readonly modifiedAt: number;
  /** Of a file. */
  readonly sizeBytes: number;
  /** Extended attributes: name -> bytes, as Latin-1 text. */
  readonly attributes: ReadonlyMap<string, string>;
}

export const blockBytes = 512;

/** Bytes that fill the last block of a content. */
export function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}
