import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { magicBytes, packingOf, unpacked } from '../../lib/unpacked.ts';

const chunkBytes = 256 * 1024;

/** The content of a layer as it was before it was compressed: gzip, zstd or not at all, by its first bytes. */
export async function plainContent(file: FileHandle, signal: AbortSignal): Promise<Readable> {
  const magic = Buffer.alloc(magicBytes);
  await file.read(magic, 0, magic.length, 0);
  const raw = file.createReadStream({ start: 0, autoClose: false, highWaterMark: chunkBytes });
  const stream = unpacked(raw, packingOf(magic));
  const abort = () => stream.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => {
    signal.removeEventListener('abort', abort);
    raw.destroy();
  });
  return stream;
}
