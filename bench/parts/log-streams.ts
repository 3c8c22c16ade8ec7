import type { Readable } from 'node:stream';

/** The lines of a stream of server-sent events. */
export async function* eventLines(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) yield line.slice('data: '.length);
  }
}

const frameHeadBytes = 8;

/**
 * The lines of a log stream of the Docker Engine API: frames with a head of 8 bytes, whose last 4 are the
 * length of the text that follows. Docker sends one line in each.
 */
export async function* frameLines(stream: Readable): AsyncGenerator<string> {
  let bytes: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    let at = 0;
    while (bytes.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + bytes.readUInt32BE(at + 4);
      if (bytes.length < end) break;
      yield bytes.toString('utf8', at + frameHeadBytes, end).trimEnd();
      at = end;
    }
    bytes = bytes.subarray(at);
  }
}
