import { once } from 'node:events';
import { createServer, isIPv6, type Socket } from 'node:net';
import type { PortConnection } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';

export interface ForwardRequest {
  /** Address of this machine. */
  readonly listen: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Opens the other end, for each connection here. */
  readonly connect: () => Promise<PortConnection>;
  /** A connection could not be made, or broke off. */
  readonly onFailure: (error: unknown) => void;
}

export interface ForwardedPort {
  /** Where it listens. */
  readonly address: string;
  /** Ends all that goes through it. */
  close(): Promise<void>;
}

/** Takes connections here and joins each to one elsewhere. @throws {CommandError} when the port can't be had */
export async function forwardPort({
  listen,
  port,
  connect,
  onFailure,
}: ForwardRequest): Promise<ForwardedPort> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    join(socket, connect).catch(error => {
      socket.destroy();
      onFailure(error);
    });
  });
  server.listen({ host: listen, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw unavailable(listen, port, error as NodeJS.ErrnoException);
  }
  const bound = server.address() as { address: string; port: number };
  const host = isIPv6(bound.address) ? `[${bound.address}]` : bound.address;
  return {
    address: `${host}:${bound.port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Resolves when either end has closed. */
async function join(socket: Socket, connect: () => Promise<PortConnection>): Promise<void> {
  socket.pause();
  const connection = await connect();
  socket.once('close', () => connection.close());
  if (socket.destroyed) return connection.close();
  const sending = send(socket, connection);
  for await (const bytes of connection.bytes()) {
    if (socket.destroyed) break;
    if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
  socket.end();
  await sending;
}

async function send(socket: Socket, connection: PortConnection): Promise<void> {
  try {
    for await (const chunk of socket) await connection.write(chunk as Buffer);
  } catch {
    // It broke off here: the other end is closed with it.
  }
  connection.close();
}

function unavailable(listen: string, port: number, { code, message }: NodeJS.ErrnoException): CommandError {
  if (code === 'EADDRINUSE') {
    return new CommandError(
      `port ${port} of ${listen} is taken. Choose another, such as ${port + 1}:${port}, or :${port} for any free one`,
    );
  }
  if (code === 'EACCES') {
    return new CommandError(
      `port ${port} may be listened on by root only. Choose one from 1024 on, such as :${port}`,
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new CommandError(`${listen} is no address of this machine`, 2);
  }
  return new CommandError(`${listen}:${port}: ${message}`);
}
