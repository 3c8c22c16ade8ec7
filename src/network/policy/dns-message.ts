/** The part of DNS (RFC 1035, RFC 6891) that a server needs which reads questions and writes answers. */

/** Numbers of record types. */
export const recordTypes = { A: 1, CNAME: 5, MX: 15, TXT: 16, SRV: 33, OPT: 41 } as const;

/** Numbers of outcomes. */
export const outcomes = {
  fine: 0,
  malformed: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
} as const;

export interface Question {
  readonly id: number;
  /** As it was asked, without the dot at its end; empty for the root. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly recursionDesired: boolean;
  /** The largest answer that the asker takes in one datagram. */
  readonly maxBytes: number;
  /** It speaks EDNS, and so must the answer. */
  readonly edns: boolean;
}

/** A message that is no question that can be answered, but to which something can be said. */
export interface BadQuestion {
  readonly id: number;
  readonly outcome: number;
}

export interface AnswerRecord {
  readonly type: number;
  readonly ttlSeconds: number;
  readonly content: Buffer;
}

const headerBytes = 12;
const maxNameBytes = 255;
const maxLabelBytes = 63;
const leastDatagramBytes = 512;
/** What passes everywhere without being broken up (DNS flag day 2020). */
const bestDatagramBytes = 1232;
const responseFlag = 0x8000;
const opcodeMask = 0x7800;
const truncatedFlag = 0x0200;
const recursionDesiredFlag = 0x0100;
const recursionAvailableFlag = 0x0080;
/** Names are of letters that host names have, and the underscore of service names. */
const labelPattern = /^[a-z0-9_-]+$/i;

/** Undefined for what deserves no answer: too short, or an answer itself. Never throws. */
export function readQuestion(message: Buffer): Question | BadQuestion | undefined {
  if (message.length < headerBytes) return undefined;
  const id = message.readUInt16BE(0);
  const flags = message.readUInt16BE(2);
  if ((flags & responseFlag) !== 0) return undefined;
  if ((flags & opcodeMask) !== 0) return { id, outcome: outcomes.notImplemented };
  const malformed = { id, outcome: outcomes.malformed };
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map(at => message.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0) return malformed;
  const name = readName(message, headerBytes);
  if (name === undefined || name.end + 4 > message.length) return malformed;
  const edns = readEdns(message, name.end + 4, additionals ?? 0);
  if (edns === 'malformed') return malformed;
  if (!name.labels.every(label => labelPattern.test(label))) return { id, outcome: outcomes.refused };
  return {
    id,
    name: name.labels.join('.'),
    type: message.readUInt16BE(name.end),
    class: message.readUInt16BE(name.end + 2),
    recursionDesired: (flags & recursionDesiredFlag) !== 0,
    maxBytes: Math.min(Math.max(edns ?? 0, leastDatagramBytes), bestDatagramBytes),
    edns: edns !== undefined,
  };
}

/** A question has no earlier names that its own could refer to: compression is an error. */
function readName(message: Buffer, start: number): { labels: string[]; end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  while (true) {
    const length = message[at];
    if (length === undefined || length > maxLabelBytes) return undefined;
    at += 1;
    if (length === 0) return { labels, end: at };
    if (at + length > message.length || at + length - start >= maxNameBytes) return undefined;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
}

/** The size that the asker takes; undefined when it does not say. Records of other kinds are not looked at. */
function readEdns(message: Buffer, start: number, count: number): number | undefined | 'malformed' {
  if (count === 0) return undefined;
  const fixedBytes = 11;
  // It stands first: what questions have beside it is a signature, which none of ours has.
  if (start + fixedBytes > message.length || message[start] !== 0) return 'malformed';
  if (message.readUInt16BE(start + 1) !== recordTypes.OPT) return undefined;
  return message.readUInt16BE(start + 3);
}

/**
 * The answer to a question; cut to a remark that it is too long where it has more than `maxBytes`.
 * @param maxBytes undefined over TCP
 */
export function writeAnswer(
  question: Question,
  outcome: number,
  records: readonly AnswerRecord[],
  maxBytes?: number,
): Buffer {
  const tail = question.edns ? [edns()] : [];
  const asked = Buffer.concat([writeName(question.name), numbers(question.type, question.class)]);
  const parts = [asked, ...records.map(writeRecord), ...tail];
  const length = headerBytes + parts.reduce((sum, part) => sum + part.length, 0);
  const fits = length <= (maxBytes ?? 0xffff);
  const flags =
    responseFlag |
    (fits ? 0 : truncatedFlag) |
    (question.recursionDesired ? recursionDesiredFlag : 0) |
    recursionAvailableFlag |
    outcome;
  const head = numbers(question.id, flags, 1, fits ? records.length : 0, 0, tail.length);
  return Buffer.concat([head, ...(fits ? parts : [asked, ...tail])]);
}

export function writeBadAnswer({ id, outcome }: BadQuestion): Buffer {
  return numbers(id, responseFlag | recursionAvailableFlag | outcome, 0, 0, 0, 0);
}

/** Its name is that of the question, which stands right behind the header. */
function writeRecord({ type, ttlSeconds, content }: AnswerRecord): Buffer {
  const internet = 1;
  const head = numbers(0xc000 | headerBytes, type, internet, ttlSeconds >>> 16, ttlSeconds & 0xffff);
  return Buffer.concat([head, numbers(content.length), content]);
}

function edns(): Buffer {
  return Buffer.concat([Buffer.of(0), numbers(recordTypes.OPT, bestDatagramBytes, 0, 0, 0)]);
}

/** @param name of labels of 1 to 63 bytes */
export function writeName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  const parts = labels.map(label => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...parts, Buffer.of(0)]);
}

/** Numbers of 16 bits. */
export function numbers(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) buffer.writeUInt16BE(value, 2 * i);
  return buffer;
}
