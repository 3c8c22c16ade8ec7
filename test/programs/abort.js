// Answers one request, then ends by a signal. (The first process of a container ignores most of its own.)
import { createServer } from 'node:http';

createServer((_, response) => response.end('goodbye', () => process.abort())).listen(
  Number(process.env.PORT),
);
