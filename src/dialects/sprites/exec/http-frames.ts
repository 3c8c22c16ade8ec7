import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { OutputPiece, Session, SessionClient } from '../../../engine/index.ts';
import { beginRawAnswer, liveHeaders } from '../../../http/index.ts';
import { AsyncQueue } from '../../../lib/async-queue.ts';

const prefix = { stdout: 1, stderr: 2, exit: 3 } as const;
const maxFrameBytes = 16 * 1024;
/** Clients take a frame for what arrives at once: two that arrive together would be one. */
const betweenFramesMs = 5;
/** Longer before the exit, which is alone: most answers are one frame and this one. */
const beforeExitMs = 25;

/**
 * Answers with the output of a session as frames without a length, one a chunk; the exit comes last and alone.
 */
export async function sendFrames(
  reply: FastifyReply,
  session: Session,
  input: AsyncIterable<Uint8Array> | undefined,
): Promise<FastifyReply> {
  const { raw } = reply;
  const frames = new FrameClient();
  const detach = session.attach(frames);
  raw.once('close', detach);
  raw.once('close', () => frames.leave());
  beginRawAnswer(reply, 200, { 'content-type': 'application/octet-stream', ...liveHeaders });
  raw.socket?.setNoDelay(true);
  void feedInput(session, input);
  let isFirst = true;
  for await (const frame of frames.read()) {
    if (!isFirst) await delay(frame[0] === prefix.exit ? beforeExitMs : betweenFramesMs);
    isFirst = false;
    await new Promise<void>(resolve => raw.write(frame, () => resolve()));
  }
  if (frames.wasCut) raw.destroy();
  else raw.end();
  return reply;
}

async function feedInput(session: Session, input: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  try {
    for await (const chunk of input ?? []) await session.write(chunk);
  } catch {
    // The client has left; the session is told by the end of its input.
  }
  session.endInput();
}

/** Gathers output into frames while the reader is busy. */
class FrameClient implements SessionClient {
  readonly #pieces: OutputPiece[] = [];
  readonly #news = new AsyncQueue<'output' | number>();
  #bytes = 0;
  wasCut = false;

  output(piece: OutputPiece): void {
    this.#pieces.push(piece);
    this.#bytes += piece.bytes.length;
    this.#news.push('output');
  }

  ended(exitCode: number): void {
    this.#news.push(exitCode);
    this.#news.end();
  }

  cut(): void {
    this.wasCut = true;
    this.#news.end();
  }

  leave(): void {
    this.#news.abort();
  }

  unsentBytes(): number {
    return this.#bytes;
  }

  async *read(): AsyncGenerator<Buffer> {
    for await (const news of this.#news) {
      if (news !== 'output') {
        yield Buffer.of(prefix.exit, news & 0xff);
        continue;
      }
      for (let frame = this.#take(); frame !== undefined; frame = this.#take()) yield frame;
    }
  }

  /** As much as is there of one stream. */
  #take(): Buffer | undefined {
    const stream = this.#pieces[0]?.stream;
    if (stream === undefined) return undefined;
    const parts: Buffer[] = [Buffer.of(prefix[stream])];
    let room = maxFrameBytes - 1;
    while (room > 0 && this.#pieces[0]?.stream === stream) {
      const { bytes } = this.#pieces[0];
      const taken = bytes.subarray(0, room);
      parts.push(taken);
      room -= taken.length;
      this.#bytes -= taken.length;
      if (taken.length === bytes.length) this.#pieces.shift();
      else this.#pieces[0] = { stream, bytes: bytes.subarray(taken.length) };
    }
    return Buffer.concat(parts);
  }
}
