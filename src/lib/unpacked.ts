import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress, type ZstdDecompress } from 'node:zlib';

export type Packing = 'gzip' | 'zstd' | 'plain';

/** Enough of a content to tell how it is packed. */
export const magicBytes = 4;

const chunkBytes = 256 * 1024;
const gzipMagic = Buffer.from([0x1f, 0x8b]);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** @param start the first {@link magicBytes} bytes of a content */
export function packingOf(start: Buffer): Packing {
  if (start.equals(zstdMagic)) return 'zstd';
  return start.subarray(0, 2).equals(gzipMagic) ? 'gzip' : 'plain';
}

/** A content as it was before it was packed. */
export function unpacked(raw: Readable, packing: Packing): Readable {
  if (packing === 'zstd') return Readable.from(zstdFrames(raw), { objectMode: false });
  if (packing === 'plain') return raw;
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  raw.on('error', error => gunzip.destroy(error));
  return raw.pipe(gunzip);
}

/**
 * Node's decompressor ends with a frame that ends in the middle of a chunk; layers have many frames where they
 * were packed in parallel or are to be read in parts.
 */
async function* zstdFrames(raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = raw[Symbol.asyncIterator]();
  let left = await next(chunks);
  while (left !== undefined) {
    const zstd = createZstdDecompress({ chunkSize: chunkBytes });
    const fed = feed(zstd, left, chunks);
    fed.catch((error: Error) => zstd.destroy(error));
    try {
      yield* zstd as AsyncIterable<Buffer>;
      left = await fed;
    } finally {
      zstd.destroy();
    }
  }
}

/** @returns what came after the end of the frame; undefined when everything was read */
async function feed(
  zstd: ZstdDecompress,
  first: Buffer,
  chunks: AsyncIterator<Buffer>,
): Promise<Buffer | undefined> {
  let given = 0;
  for (let chunk: Buffer | undefined = first; chunk !== undefined; chunk = await next(chunks)) {
    given += chunk.length;
    await write(zstd, chunk);
    const unused = given - zstd.bytesWritten;
    if (unused > 0) return chunk.subarray(chunk.length - unused);
  }
  zstd.end();
  return undefined;
}

async function next(chunks: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  const { done, value } = await chunks.next();
  return done ? undefined : value;
}

/** Resolves when as much of a chunk was used as will be. */
function write(stream: ZstdDecompress, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, error => (error ? reject(error) : resolve()));
  });
}
