import { connect, type Socket } from 'node:net';
import { ConnectError, type ConnectRequest } from '../runtime.ts';

/** Connects from this machine. @throws {ConnectError}; the reason of the request's signal */
export async function connectFromHere({ host, port, timeoutMs, signal }: ConnectRequest): Promise<Socket> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const name = host.replace(/^\[(.*)\]$/, '$1');
  // Without a host Node takes its own.
  if (name === '' || !(port >= 1 && port <= 65_535))
    throw new ConnectError(`${host}:${port}: no such address`);
  const socket = connect({ host: name, port });
  const fail = (why: string): void => {
    socket.destroy();
    reject(new ConnectError(`${host}:${port}: ${why}`));
  };
  const timer = setTimeout(() => fail(`no connection within ${timeoutMs} ms`), timeoutMs);
  const cancel = (): void => {
    socket.destroy();
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', cancel, { once: true });
  socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  socket.once('connect', () => resolve(socket));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}
