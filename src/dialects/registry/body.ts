import type { IncomingMessage } from 'node:http';

/** A client that sends nothing for so long is cut off: nobody else can go on with its upload meanwhile. */
const idleTimeoutMs = 60_000;
/** So much of a refused body is read, for clients that look for the answer only when they have sent all. */
const maxDroppedBytes = 16 * 1024 * 1024;

/**
 * The body of a request as it comes. It need not be read to its end: the connection stays for the answer, and
 * what is left is dropped.
 */
export async function* bodyOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  const idle = setTimeout(() => request.destroy(new Error('nothing was sent for too long')), idleTimeoutMs);
  try {
    for await (const chunk of chunksOf(request)) {
      idle.refresh();
      yield chunk;
    }
  } finally {
    if (!request.readableEnded && !request.destroyed) await drop(request).catch(() => {});
    clearTimeout(idle);
  }
}

/**
 * The same for a large body: each chunk is gone when the next one is asked for. The garbage collector sees chunks as
 * small objects and lets their memory, which is not in its own heap, grow to 64 MB before it looks after it.
 */
export async function* passingBodyOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  for await (const chunk of bodyOf(request)) {
    yield chunk;
    const { buffer, byteLength } = chunk;
    // Node's parser copies each piece of a body into a buffer of its own.
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
  }
}

async function drop(request: IncomingMessage): Promise<void> {
  let bytes = 0;
  for await (const chunk of chunksOf(request)) {
    bytes += chunk.length;
    if (bytes > maxDroppedBytes) break;
  }
  request.resume();
}

function chunksOf(request: IncomingMessage): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}
