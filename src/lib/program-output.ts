import { once } from 'node:events';
import type { Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay, setImmediate as pollOnce } from 'node:timers/promises';

/** Silence after which nothing can be in a pipe that is read. */
const silenceMs = 50;

/** The largest pipe that a program can make (fs.pipe-max-size). */
const mostUnderWayBytes = 1024 * 1024;

/**
 * What a program writes, for one reader. Nothing is read ahead of the reader but a buffer, so that the program waits
 * for it; a reader that goes away is taken for one that lets everything pass.
 */
export class ProgramOutput {
  readonly stream: Readable;
  /** Resolves when the reader has got all of it, or has gone away. */
  readonly complete: Promise<void>;
  readonly #source: Socket;
  readonly #convert: (chunk: Buffer) => Buffer;
  readonly #buffer = new PassThrough();
  #receivedAt = performance.now();
  #receivedBytes = 0;
  #isComplete = false;

  /** @param convert what is done to each piece as it comes */
  constructor(source: Socket, convert: (chunk: Buffer) => Buffer = chunk => chunk) {
    this.#source = source;
    this.#convert = convert;
    this.stream = this.#buffer;
    this.complete = this.#copy();
  }

  /**
   * The program has ended. What it has written is still read; processes that it has left behind may have the pipe,
   * and are not waited for.
   */
  async finish(): Promise<void> {
    await this.passed();
    this.#source.destroy();
    await this.complete;
  }

  /** Resolves when all that has been written by now has come: it may be in pipes and buffers on the way. */
  async passed(): Promise<void> {
    const before = this.#receivedBytes;
    while (!this.#isComplete && this.#receivedBytes - before < mostUnderWayBytes) {
      await delay(silenceMs, undefined, { ref: false });
      // What has come while the server was busy is read before it is judged.
      await pollOnce();
      if (this.#buffer.writableNeedDrain) continue;
      if (performance.now() - this.#receivedAt >= silenceMs) return;
    }
  }

  async #copy(): Promise<void> {
    const source = this.#source;
    const buffer = this.#buffer;
    source.on('error', () => {}); // `close` follows
    source.on('data', (chunk: Buffer) => {
      this.#receivedAt = performance.now();
      this.#receivedBytes += chunk.length;
      if (!buffer.destroyed && !buffer.write(this.#convert(chunk))) source.pause();
    });
    buffer.on('drain', () => {
      this.#receivedAt = performance.now();
      source.resume();
    });
    buffer.on('close', () => source.resume());
    buffer.on('error', () => {});
    await once(source, 'close');
    this.#isComplete = true;
    buffer.end();
    const isRead = buffer.closed || buffer.writableLength + buffer.readableLength === 0;
    if (!isRead) await untilRead(buffer);
  }
}

async function untilRead(stream: Readable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('end', resolve).once('close', resolve);
  await promise;
}
