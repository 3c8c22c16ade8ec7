// Tells what it was asked and started with, as JSON; `/log?text` writes to its log, `/exit?3` ends it.
import { createServer } from 'node:http';

const server = createServer(async (request, response) => {
  const { pathname, search } = new URL(request.url, 'http://echo');
  const argument = decodeURIComponent(search.slice(1));
  if (pathname === '/log') console.log(argument);
  if (pathname === '/exit') process.exit(Number(argument));
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, url, headers } = request;
  const body = Buffer.concat(chunks).toString();
  response.setHeader('content-type', 'application/json');
  if (pathname === '/own-cors') response.setHeader('access-control-allow-origin', 'https://example.org');
  response.end(JSON.stringify({ method, url, headers, body, env: process.env, pid: process.pid }));
});

server.listen(Number(process.env.PORT), () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
