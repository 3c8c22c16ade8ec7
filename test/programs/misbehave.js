// `/destroy` ends the connection without an answer, `/deaf` makes it stop listening, `/half` breaks off its answer.
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  switch (request.url) {
    case '/destroy':
      return request.socket.destroy();
    case '/deaf':
      server.close();
      response.setHeader('connection', 'close');
      return response.end('last words', () => server.closeAllConnections());
    case '/half':
      response.setHeader('content-length', '1000');
      return response.write('half', () => request.socket.destroy());
    default:
      return response.end('fine');
  }
});

server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 60_000);
