// A room with a counter that everybody in it shares. One backend is one room, so its state is a variable.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

const { PORT = '8080', SESSION_BACKEND_KEY: room = 'a room' } = process.env;
const page = await readFile(new URL('index.html', import.meta.url));
let count = 0;

const server = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(page);
});

const sockets = new WebSocketServer({ server, maxPayload: 1024, perMessageDeflate: false });

sockets.on('connection', socket => {
  console.log(`someone came, ${sockets.clients.size} in ${room}`);
  tellAll();
  socket.addEventListener('message', ({ data }) => {
    if (data !== 'add') return;
    count += 1;
    tellAll();
  });
  socket.on('close', () => {
    console.log(`someone left, ${sockets.clients.size} in ${room}`);
    tellAll();
  });
  socket.on('error', error => console.error(error.message));
});

server.listen(Number(PORT), () => console.log(`${room} is open on port ${PORT}`));

process.on('SIGTERM', () => {
  for (const socket of sockets.clients) socket.close(1001, 'the room is closing');
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

function tellAll() {
  const message = JSON.stringify({ room, count, people: sockets.clients.size });
  for (const socket of sockets.clients) {
    if (socket.readyState === WebSocket.OPEN) socket.send(message);
  }
}
