import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A response to a request whose socket has left its HTTP server for an upgrade, so that it may also be answered
 * like any other. The connection is closed after the response.
 *
 * @param head what came behind the request head; it stays unread for the tunnel
 */
export function responseOver(req: IncomingMessage, socket: Socket, head: Buffer): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  socket.setTimeout(0);
  // The end of the socket is what counts; its cause is of no use to anybody.
  socket.on('error', () => {});
  socket.on('drain', () => res.emit('drain'));
  res.once('finish', () => {
    res.detachSocket(socket);
    socket.destroySoon();
  });
  // The server has stopped reading: the client's leaving would go unnoticed until the tunnel is open.
  socket.once('end', () => {
    if (res.socket !== null) socket.destroy();
  });
  if (head.length > 0) socket.unshift(head);
  socket.read(0);
  return res;
}
