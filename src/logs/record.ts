import { maxRecordTextBytes } from './limits.ts';
import type { LogStream } from './logs.ts';

/**
 * One line of a log file: `time stream tag text\n`. The parser is called for every record of every reader,
 * so it looks at bytes and allocates nothing.
 */
export interface RecordHead {
  stream: LogStream;
  /** F: the text ends a line. P: the next record of the stream continues it. */
  full: boolean;
  timeEnd: number;
  textStart: number;
}

const space = 0x20;
const shortestTime = '2026-01-01T00:00:00Z'.length;
const longestTime = '2026-01-01T00:00:00.000000000+00:00'.length;
/** `stdout F ` */
const streamAndTagBytes = 9;

/** Reads the record in `bytes[from, to)` into `head`; false when it is none, such as the rest of a torn one. */
export function parseRecord(bytes: Buffer, from: number, to: number, head: RecordHead): boolean {
  let timeEnd = from + longestTime;
  if (bytes[timeEnd] !== space) {
    timeEnd = bytes.indexOf(space, from + shortestTime);
    if (timeEnd === -1 || timeEnd - from > longestTime) return false;
  }
  const textStart = timeEnd + 1 + streamAndTagBytes;
  if (textStart > to || bytes[from + 4] !== 0x2d || bytes[from + 10] !== 0x54) return false;

  const stream = streamAt(bytes, timeEnd + 1);
  const tag = bytes[timeEnd + 8];
  if (stream === undefined || (tag !== 0x46 && tag !== 0x50)) return false;
  if (bytes[timeEnd + 7] !== space || bytes[timeEnd + 9] !== space) return false;

  head.stream = stream;
  head.full = tag === 0x46;
  head.timeEnd = timeEnd;
  head.textStart = textStart;
  return true;
}

function streamAt(bytes: Buffer, at: number): LogStream | undefined {
  if (bytes[at] !== 0x73 || bytes[at + 1] !== 0x74 || bytes[at + 2] !== 0x64) return undefined;
  if (bytes[at + 3] === 0x6f && bytes[at + 4] === 0x75 && bytes[at + 5] === 0x74) return 'stdout';
  if (bytes[at + 3] === 0x65 && bytes[at + 4] === 0x72 && bytes[at + 5] === 0x72) return 'stderr';
  return undefined;
}

/** RFC 3339 with nine digits of the second, in UTC. */
export function recordTime(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000000+00:00`;
}

/** The records of a chunk of output: one for every line, and a partial one for what has no newline yet. */
export function encodeRecords(stream: LogStream, chunk: Uint8Array, time: string): Buffer {
  const full = Buffer.from(`${time} ${stream} F `, 'latin1');
  const partial = Buffer.from(`${time} ${stream} P `, 'latin1');
  const records = Math.ceil(chunk.length / maxRecordTextBytes) + countNewlines(chunk) + 1;
  const encoded = Buffer.allocUnsafe(chunk.length + records * (full.length + 1));
  let length = 0;
  let start = 0;
  while (start < chunk.length) {
    const longest = Math.min(start + maxRecordTextBytes, chunk.length);
    const newline = chunk.indexOf(0x0a, start);
    const ends = newline !== -1 && newline <= longest;
    const end = ends ? newline : longest;
    encoded.set(ends ? full : partial, length);
    length += full.length;
    encoded.set(chunk.subarray(start, end), length);
    length += end - start;
    encoded[length++] = 0x0a;
    start = ends ? end + 1 : end;
  }
  return encoded.subarray(0, length);
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}
