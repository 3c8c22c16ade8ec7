// Does not end when it is asked to. `/` tells when it was started; `/drip` is an answer in ten parts over a second.
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const startedAt = Date.now();
process.on('SIGTERM', () => console.log('asked to end, but no'));

createServer(async (request, response) => {
  if (request.url !== '/drip') return response.end(String(startedAt));
  for (let n = 1; n <= 10; n += 1) {
    response.write(`${n}\n`);
    await delay(100);
  }
  response.end();
}).listen(Number(process.env.PORT));
