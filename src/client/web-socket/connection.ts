import { once } from 'node:events';
import type { Socket } from 'node:net';
import { ConnectionError } from '../errors.ts';
import { encodeFrame, type Frame, FrameReader, opcodes } from './frames.ts';

/** Text, or bytes. */
export type Message = string | Buffer;

const maxMessageBytes = 16 * 1024 * 1024;
/** The server fills silence every 20 s unless it was told otherwise. */
const longestSilenceMs = 180_000;
const closeTimeoutMs = 2_000;

/**
 * A WebSocket that is read at the reader's pace, unlike that of Node: what nobody takes stays at the server.
 */
export class WebSocketConnection {
  readonly #socket: Socket;
  readonly #url: string;
  readonly #reader = new FrameReader(maxMessageBytes);
  #pieces: Buffer[] = [];
  #isText = false;
  #closeCode: number | undefined;

  /** @param head what came with the end of the handshake */
  constructor(url: string, socket: Socket, head: Buffer) {
    this.#url = url;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(0);
    socket.on('error', () => {});
    if (head.length > 0) socket.unshift(head);
  }

  /** The code that the server closed it with; undefined while it is open and when it broke off. */
  get closeCode(): number | undefined {
    return this.#closeCode;
  }

  /**
   * All messages until the server closes it or it breaks off; `closeCode` tells which.
   * @param silenceMs how long nothing may come; 0 = for ever, where the server does not fill silence
   * @throws {ConnectionError} after a silence that is too long, and when what comes is no WebSocket
   */
  async *messages(silenceMs = longestSilenceMs): AsyncGenerator<Message, void, undefined> {
    try {
      for await (const chunk of this.#chunks(silenceMs)) {
        for (const frame of this.#reader.push(chunk)) {
          const message = this.#take(frame);
          if (message !== undefined) yield message;
          if (this.#closeCode !== undefined) return;
        }
      }
    } catch (error) {
      // A connection that breaks off is told by the missing code.
      if ((error as NodeJS.ErrnoException).code === undefined) {
        throw new ConnectionError(this.#url, (error as Error).message, { cause: error });
      }
    } finally {
      this.#end();
    }
  }

  /** Settles when there is room for more. What is sent into a closed connection is lost. */
  async send(message: string | Uint8Array): Promise<void> {
    const isText = typeof message === 'string';
    const payload = isText ? Buffer.from(message) : message;
    if (!this.#socket.writable) return;
    const hasRoom = this.#socket.write(encodeFrame(isText ? opcodes.text : opcodes.binary, payload));
    if (hasRoom) return;
    const gone = new AbortController();
    const left = (): void => gone.abort();
    this.#socket.once('close', left);
    await once(this.#socket, 'drain', { signal: gone.signal }).catch(() => {});
    this.#socket.off('close', left);
  }

  /** Says goodbye and ends the connection. */
  close(code = 1000): void {
    if (!this.#socket.writable) return;
    this.#socket.write(encodeFrame(opcodes.close, closePayload(code)));
    this.#end();
  }

  async *#chunks(silenceMs: number): AsyncGenerator<Buffer, void, undefined> {
    const chunks = this.#socket[Symbol.asyncIterator]();
    for (;;) {
      // Only while it is waited for: a reader may take its time.
      const timer =
        silenceMs === 0
          ? undefined
          : setTimeout(() => this.#socket.destroy(new Error('nothing came for too long')), silenceMs);
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value as Buffer;
    }
  }

  #take({ opcode, isFinal, payload }: Frame): Message | undefined {
    if (opcode === opcodes.ping) {
      if (this.#socket.writable) this.#socket.write(encodeFrame(opcodes.pong, payload));
      return undefined;
    }
    if (opcode === opcodes.close) {
      this.#closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      if (this.#socket.writable) this.#socket.write(encodeFrame(opcodes.close, payload.subarray(0, 2)));
      return undefined;
    }
    if (opcode !== opcodes.text && opcode !== opcodes.binary && opcode !== opcodes.continuation) {
      return undefined;
    }
    if (opcode !== opcodes.continuation) this.#isText = opcode === opcodes.text;
    this.#pieces.push(payload);
    if (this.#pieces.reduce((sum, piece) => sum + piece.length, 0) > maxMessageBytes) {
      throw new Error('the server sent a message that is too long');
    }
    if (!isFinal) return undefined;
    const bytes = this.#pieces.length === 1 ? payload : Buffer.concat(this.#pieces);
    this.#pieces = [];
    return this.#isText ? bytes.toString() : bytes;
  }

  /** A server that does not answer the end is not waited for. */
  #end(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), closeTimeoutMs).unref();
  }
}

function closePayload(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return payload;
}
