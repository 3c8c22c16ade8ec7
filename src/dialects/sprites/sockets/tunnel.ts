import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

const normal = 1000;
const broken = 1011;
/** While more than this is on the way to the client, the program is not read. */
const maxUnsentBytes = 1024 * 1024;
const closeTimeoutMs = 10_000;

export interface TunnelOptions {
  /** What the client has sent already. */
  readonly early: readonly Buffer[];
  /** Fires when the server stops. */
  readonly closing: AbortSignal;
}

/**
 * Joins a WebSocket and a stream: bytes as they come, binary, both ways. The end of either ends the other.
 * Resolves when both are closed.
 */
export async function tunnel(
  socket: WebSocket,
  stream: Duplex,
  { early, closing }: TunnelOptions,
): Promise<void> {
  const closed = Promise.all([whenClosed(socket), whenClosed(stream)]);
  const timers: NodeJS.Timeout[] = [];
  const close = (code: number): void => {
    socket.close(code);
    timers.push(setTimeout(() => socket.terminate(), closeTimeoutMs));
  };
  const cut = (): void => {
    close(broken);
    stream.destroy();
  };
  closing.addEventListener('abort', cut);
  if (closing.aborted) cut();
  if (socket.readyState === socket.CLOSED) stream.destroy();
  if (stream.destroyed) close(broken);

  let isFull = false;
  const pass = (bytes: Buffer): void => {
    if (!stream.writable || stream.write(bytes) || isFull) return;
    isFull = true;
    socket.pause();
    stream.once('drain', () => {
      isFull = false;
      socket.resume();
    });
  };
  for (const bytes of early) pass(bytes);
  if (!isFull) socket.resume();
  socket.on('message', data => pass(data as Buffer));
  socket.once('close', () => {
    stream.end();
    timers.push(setTimeout(() => stream.destroy(), closeTimeoutMs));
  });
  stream.on('data', (bytes: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(bytes, { binary: true }, () => {
      if (stream.isPaused() && socket.bufferedAmount <= maxUnsentBytes) stream.resume();
    });
    if (socket.bufferedAmount > maxUnsentBytes) stream.pause();
  });
  stream.once('end', () => close(normal));
  stream.once('error', () => close(broken));
  stream.once('close', () => {
    // A client that could not be read meanwhile has to be, for its answer to the close.
    socket.resume();
    close(normal);
  });

  await closed;
  closing.removeEventListener('abort', cut);
  for (const timer of timers) clearTimeout(timer);
}

async function whenClosed(end: WebSocket | Duplex): Promise<void> {
  const isClosed = 'readyState' in end ? end.readyState === end.CLOSED : end.closed;
  if (!isClosed) await new Promise(resolve => end.once('close', resolve));
}
