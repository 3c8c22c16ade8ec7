// Does what it is asked to over HTTP and tells how it went: for tests of what a program can't do. The body of a
// POST names the attempts, by a name of the caller's choice: `{"connect": [host, port]}`, `{"send": [host, port]}`
// (UDP, with an answer), `{"read": path}`, `{"list": path}`, `{"write": [path, text]}`, `{"run": [program, …]}`,
// `{"kill": [pid, signal]}`, `{"env": true}`. The answer has `{"done": result}` or `{"failed": cause}` for each.
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';

const limitMs = 700;

const attempts = {
  connect: ([host, port]) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port, timeout: limitMs });
      const fail = cause => {
        socket.destroy();
        reject(cause);
      };
      socket.once('error', fail);
      socket.once('timeout', () => fail(new Error('no answer')));
      socket.once('connect', () => {
        socket.destroy();
        resolve('connected');
      });
    }),
  send: ([host, port]) =>
    new Promise((resolve, reject) => {
      const socket = createSocket('udp4');
      socket.once('message', message => resolve(String(message)));
      socket.once('error', reject);
      socket.send('hello', port, host);
      setTimeout(() => {
        reject(new Error('no answer'));
        socket.close();
      }, limitMs);
    }),
  read: path => readFile(path, 'utf8'),
  list: path => readdir(path),
  write: ([path, text]) => writeFile(path, text),
  run: ([program, ...args]) =>
    new Promise((resolve, reject) => {
      execFile(program, args, { timeout: 5_000 }, (error, stdout, stderr) => {
        if (error) reject(new Error(stderr || error.message));
        else resolve(stdout);
      });
    }),
  kill: async ([pid, signal]) => void process.kill(pid, signal),
  env: async () => process.env,
};

async function attempt(order) {
  const [kind] = Object.keys(order);
  try {
    return { done: (await attempts[kind](order[kind])) ?? null };
  } catch (error) {
    return { failed: String(error.message) };
  }
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const orders = JSON.parse(Buffer.concat(chunks).toString() || '{}');
  const results = Object.entries(orders).map(async ([name, order]) => [name, await attempt(order)]);
  response.end(JSON.stringify(Object.fromEntries(await Promise.all(results))));
});

server.listen(Number(process.env.PORT));
const echo = createSocket('udp4', (message, { port, address }) => echo.send(message, port, address));
echo.bind(Number(process.env.PORT));
process.on('SIGTERM', () => process.exit(0));
