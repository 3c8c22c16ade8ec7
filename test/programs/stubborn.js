// Does not end when it is asked to. `/` tells when it was started.
import { createServer } from 'node:http';

const startedAt = Date.now();
process.on('SIGTERM', () => console.log('asked to end, but no'));
createServer((_, response) => response.end(String(startedAt))).listen(Number(process.env.PORT));
