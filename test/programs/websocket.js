// A WebSocket echo without packages: text frames of up to 64 KiB come back, a close frame ends it.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const server = createServer((_, response) => response.end('ask for an upgrade'));

server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let rest = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', chunk => {
    rest = Buffer.concat([rest, chunk]);
    for (let frame = takeFrame(rest); frame !== undefined; frame = takeFrame(rest)) {
      rest = rest.subarray(frame.size);
      if (frame.opcode === 8) socket.end(makeFrame(8, frame.payload));
      else socket.write(makeFrame(frame.opcode, frame.payload));
    }
  });
});

server.listen(Number(process.env.PORT), () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));

/** A whole masked frame from the beginning of the bytes; undefined while there is none. */
function takeFrame(bytes) {
  if (bytes.length < 6) return undefined;
  const long = (bytes[1] & 127) === 126;
  if (long && bytes.length < 8) return undefined;
  const length = long ? bytes.readUInt16BE(2) : bytes[1] & 127;
  const maskAt = long ? 4 : 2;
  const size = maskAt + 4 + length;
  if (bytes.length < size) return undefined;
  const mask = bytes.subarray(maskAt, maskAt + 4);
  const payload = Buffer.from(bytes.subarray(maskAt + 4, size));
  for (let at = 0; at < length; at += 1) payload[at] ^= mask[at % 4];
  return { opcode: bytes[0] & 15, payload, size };
}

function makeFrame(opcode, payload) {
  if (payload.length < 126) return Buffer.concat([Buffer.from([128 | opcode, payload.length]), payload]);
  const head = Buffer.from([128 | opcode, 126, 0, 0]);
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
