import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress, type ZstdDecompress } from 'node:zlib';

const chunkBytes = 256 * 1024;
const gzipMagic = Buffer.from([0x1f, 0x8b]);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** The content of a layer as it was before it was compressed: gzip, zstd or not at all, by its first bytes. */
export async function plainContent(file: FileHandle, signal: AbortSignal): Promise<Readable> {
  const magic = Buffer.alloc(4);
  await file.read(magic, 0, magic.length, 0);
  const raw = file.createReadStream({ start: 0, autoClose: false, highWaterMark: chunkBytes });
  const stream = decompressed(raw, magic);
  const abort = () => stream.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => {
    signal.removeEventListener('abort', abort);
    raw.destroy();
  });
  return stream;
}

function decompressed(raw: Readable, magic: Buffer): Readable {
  if (magic.equals(zstdMagic)) return Readable.from(zstdFrames(raw), { objectMode: false });
  if (!magic.subarray(0, 2).equals(gzipMagic)) return raw;
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
