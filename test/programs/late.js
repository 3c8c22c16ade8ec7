// Listens after as many milliseconds as its argument says, then is an ordinary server.
import { createServer } from 'node:http';

const server = createServer((request, response) => response.end(`late but there: ${request.url}`));
setTimeout(() => server.listen(Number(process.env.PORT)), Number(process.argv[2]));
process.on('SIGTERM', () => process.exit(0));
