// Answers one request, then ends itself with the signal that its argument names.
import { createServer } from 'node:http';

const server = createServer((_, response) => {
  response.end('goodbye', () => process.kill(process.pid, process.argv[2]));
});
server.listen(Number(process.env.PORT));
