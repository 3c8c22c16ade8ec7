// Writes `out N` and `err N`, N = 0, 1, 2, …, every few milliseconds (first argument), as its last word before
// an end of its own `end N TIME`. `/` tells who it is; `/exit?code=3&ms=500` ends it after a while. When asked to
// end it does so after as many milliseconds as the second argument says; never when that is missing.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const [intervalMs = 5, graceMs = Number.NaN] = process.argv.slice(2).map(Number);
const instance = randomUUID();
let next = 0;

function write() {
  console.log(`out ${next}`);
  console.error(`err ${next}`);
  next += 1;
}

function end(code, ms) {
  setTimeout(() => {
    process.stdout.write(`end ${next} ${Date.now()}\n`);
    process.exit(code);
  }, ms);
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://numbers');
  if (pathname === '/exit') end(Number(searchParams.get('code')), Number(searchParams.get('ms')));
  response.end(
    JSON.stringify({ instance, next, fencingToken: Number(process.env.SESSION_BACKEND_FENCING_TOKEN) }),
  );
});

server.listen(Number(process.env.PORT), () => setInterval(write, intervalMs));
process.on('SIGTERM', () => {
  console.log(`asked ${Date.now()}`);
  if (!Number.isNaN(graceMs)) end(0, graceMs);
});
