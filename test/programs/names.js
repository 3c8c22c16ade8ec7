// A name server for tests, at each of ADDRESSES, and at PORT an HTTP server that never ends what it says.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

/** Name -> IPv4 address. */
const zone = JSON.parse(process.env.ZONE ?? '{}');

function answer(message, from) {
  const labels = [];
  let at = 12;
  for (; message[at] !== 0; at += 1 + message[at])
    labels.push(message.toString('latin1', at + 1, at + 1 + message[at]));
  const end = at + 5;
  const address = zone[labels.join('.').toLowerCase()];
  const reply = Buffer.alloc(end + (address ? 16 : 0));
  message.copy(reply, 0, 0, end);
  reply.writeUInt16BE(address ? 0x8180 : 0x8183, 2);
  for (const [i, count] of [1, address ? 1 : 0, 0, 0].entries()) reply.writeUInt16BE(count, 4 + 2 * i);
  if (address)
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)]).copy(reply, end);
  this.send(reply, from.port, from.address);
}

// One at all addresses would answer from any of them.
for (const address of (process.env.ADDRESSES ?? '').split(',')) {
  createSocket('udp4').on('message', answer).bind(53, address);
}

createServer((request, response) => {
  const timer = setInterval(() => response.write(`${request.headers.host}\n`), 20);
  response.on('close', () => clearInterval(timer));
}).listen(Number(process.env.PORT), '0.0.0.0');
