// Slow answers: `/drip?chunks=3&ms=100` sends numbered chunks, `/events?…` the same as server-sent events,
// `/hold?ms=500` answers late, `/upload` tells after each chunk how many bytes have come.
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://stream');
  const ms = Number(searchParams.get('ms') ?? 0);
  const chunks = Number(searchParams.get('chunks') ?? 0);
  switch (pathname) {
    case '/drip':
      for (let n = 1; n <= chunks; n += 1) {
        response.write(`chunk ${n}\n`);
        await delay(ms);
      }
      return response.end();
    case '/events':
      response.setHeader('content-type', 'text/event-stream');
      for (let n = 1; n <= chunks; n += 1) {
        response.write(`data: ${n}\n\n`);
        await delay(ms);
      }
      return response.end();
    case '/hold':
      await delay(ms);
      return response.end('at last');
    default: {
      let bytes = 0;
      for await (const chunk of request) {
        bytes += chunk.length;
        response.write(`${bytes}\n`);
      }
      return response.end();
    }
  }
});

server.listen(Number(process.env.PORT), () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
