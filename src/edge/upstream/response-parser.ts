import { limits } from '../limits.ts';
import { type HeaderBlock, readHeaderLines } from './response-headers.ts';

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** End-to-end headers, name and value in turns. */
  readonly headers: string[];
  /** The protocols of the `Upgrade` header. */
  readonly upgrade: string | undefined;
}

/** Receives a response piece by piece, in order. Chunks are views that are valid during the call only. */
export interface ResponseSink {
  /** A 1xx response other than 101; the final one follows. */
  informational(head: ResponseHead): void;
  /** `last`: no body follows. */
  head(head: ResponseHead, last: boolean): void;
  /** `last`: the body ends with this chunk, and there are no trailers. */
  data(chunk: Buffer, last: boolean): void;
  /** Only when neither `head` nor `data` said `last`. */
  end(trailers: string[]): void;
}

/** The workload's answer is no HTTP/1.x response that can be passed on. */
export class ProtocolError extends Error {}

type State =
  | 'head'
  | 'length'
  | 'until-close'
  | 'size'
  | 'chunk'
  | 'chunk-end'
  | 'trailers'
  | 'tunnel'
  | 'done';

const headEnd = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

/** Reads HTTP/1.x responses (RFC 9112) off one connection, strictly: what is ambiguous is an error. */
export class ResponseParser {
  #state: State = 'done';
  #sink: ResponseSink | undefined;
  #isHead = false;
  #mayUpgrade = false;
  /** The beginning of a head or line whose end has not come yet. */
  #begun: Buffer = nothing;
  /** Bytes left of the body or chunk. */
  #left = 0;
  #trailers = '';
  #keepAlive = false;
  #started = false;

  /** @param method of the request; a HEAD request has a response without a body. */
  expect(sink: ResponseSink, method: string, mayUpgrade: boolean): void {
    this.#state = 'head';
    this.#sink = sink;
    this.#isHead = method === 'HEAD';
    this.#mayUpgrade = mayUpgrade;
    this.#begun = nothing;
    this.#trailers = '';
    this.#keepAlive = false;
    this.#started = false;
  }

  /** The response has been read completely. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /** At least one byte of the response has come. */
  get started(): boolean {
    return this.#started;
  }

  /** The connection can carry another exchange. Only meaningful when `done`. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** The connection speaks another protocol now; `data` gets its bytes. */
  get tunnel(): boolean {
    return this.#state === 'tunnel';
  }

  /** @throws ProtocolError, and whatever the sink throws */
  push(chunk: Buffer): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    this.#started = true;
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(sink, chunk, at);
          break;
        case 'length': {
          const piece = chunk.subarray(at, at + this.#left);
          at += piece.length;
          this.#left -= piece.length;
          if (this.#left === 0) this.#state = 'done';
          sink.data(piece, this.#left === 0);
          break;
        }
        case 'chunk': {
          const piece = chunk.subarray(at, at + this.#left);
          at += piece.length;
          this.#left -= piece.length;
          if (this.#left === 0) this.#state = 'chunk-end';
          sink.data(piece, false);
          break;
        }
        case 'size':
        case 'chunk-end':
        case 'trailers':
          at = this.#readLine(sink, chunk, at);
          break;
        case 'until-close':
        case 'tunnel':
          sink.data(at === 0 ? chunk : chunk.subarray(at), false);
          return;
        case 'done':
          // Bytes nobody asked for: whose answer they are can't be known.
          this.#keepAlive = false;
          return;
      }
    }
  }

  /** The connection was closed properly. True when that is a legal end of the response. */
  close(): boolean {
    if (this.#state === 'until-close') {
      this.#state = 'done';
      this.#keepAlive = false;
      this.#sink?.end([]);
    }
    return this.#state === 'done';
  }

  #readHead(sink: ResponseSink, chunk: Buffer, at: number): number {
    const known = this.#begun.length;
    const bytes = known === 0 ? chunk : Buffer.concat([this.#begun, chunk.subarray(at)]);
    const from = known === 0 ? at : 0;
    const end = bytes.indexOf(headEnd, known === 0 ? at : Math.max(0, known - 3));
    if (end < 0 || end - from > limits.maxResponseHeadBytes) {
      if (bytes.length - from > limits.maxResponseHeadBytes) throw new ProtocolError('its head is too large');
      this.#begun = Buffer.from(bytes.subarray(from));
      return chunk.length;
    }
    this.#begun = nothing;
    this.#take(sink, bytes.toString('latin1', from, end + 2));
    return chunk.length - (bytes.length - end - 4);
  }

  /** @param text status line and header lines, each with its CRLF */
  #take(sink: ResponseSink, text: string): void {
    const lineEnd = text.indexOf('\r\n');
    const minor = text.charCodeAt(7) - 48;
    const status = Number(text.slice(9, 12));
    const space = text.charCodeAt(12);
    if (
      !text.startsWith('HTTP/1.') ||
      (minor !== 0 && minor !== 1) ||
      text.charCodeAt(8) !== 32 ||
      !(status >= 100 && status <= 999) ||
      (space !== 32 && lineEnd !== 12)
    ) {
      throw new ProtocolError('its status line is not HTTP/1.x');
    }
    const block = readHeaderLines(text, lineEnd + 2);
    if (block === undefined) throw new ProtocolError('its head has a malformed header line');
    const head = { status, reason: text.slice(13, lineEnd), headers: block.headers, upgrade: block.upgrade };

    if (status < 200 && status !== 101) {
      sink.informational(head);
      return;
    }
    if (status === 101) {
      if (!this.#mayUpgrade) throw new ProtocolError('it switched protocols unasked');
      this.#state = 'tunnel';
      sink.head(head, false);
      return;
    }
    this.#keepAlive = minor === 1 ? !block.close : block.keepAlive;
    this.#state = this.#framing(status, minor, block);
    sink.head(head, this.#state === 'done');
  }

  /** RFC 9112, section 6.3. */
  #framing(status: number, minor: number, block: HeaderBlock): State {
    const { contentLength, transferEncoding } = block;
    if (contentLength !== undefined && transferEncoding !== undefined) {
      throw new ProtocolError('it has Content-Length together with Transfer-Encoding');
    }
    if (contentLength !== undefined && !/^\d{1,15}$/.test(contentLength)) {
      throw new ProtocolError('its Content-Length is not one number');
    }
    if (this.#isHead || status === 204 || status === 304) return 'done';
    if (transferEncoding !== undefined) {
      if (minor === 0 || transferEncoding.toLowerCase() !== 'chunked') {
        throw new ProtocolError('it has a transfer coding other than chunked');
      }
      return 'size';
    }
    if (contentLength === undefined) {
      this.#keepAlive = false;
      return 'until-close';
    }
    this.#left = Number(contentLength);
    return this.#left === 0 ? 'done' : 'length';
  }

  #readLine(sink: ResponseSink, chunk: Buffer, at: number): number {
    const end = chunk.indexOf(10, at);
    const piece = chunk.subarray(at, end < 0 ? chunk.length : end);
    if (this.#begun.length + piece.length > limits.maxChunkLineBytes) {
      throw new ProtocolError('a line of its chunked body is too long');
    }
    const line = this.#begun.length === 0 ? piece : Buffer.concat([this.#begun, piece]);
    if (end < 0) {
      this.#begun = Buffer.from(line);
      return chunk.length;
    }
    this.#begun = nothing;
    if (line[line.length - 1] !== 13) throw new ProtocolError('a line of its chunked body has no CRLF');
    this.#takeLine(sink, line.toString('latin1', 0, line.length - 1));
    return end + 1;
  }

  #takeLine(sink: ResponseSink, line: string): void {
    if (this.#state === 'size') {
      const size = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw new ProtocolError('its chunked body has a malformed size');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    } else if (this.#state === 'chunk-end') {
      if (line !== '') throw new ProtocolError('a chunk of its body is longer than its size');
      this.#state = 'size';
    } else if (line !== '') {
      this.#trailers += `${line}\r\n`;
      if (this.#trailers.length > limits.maxResponseHeadBytes) {
        throw new ProtocolError('its trailers are too large');
      }
    } else {
      const trailers = this.#trailers === '' ? [] : readHeaderLines(this.#trailers, 0)?.headers;
      if (trailers === undefined) throw new ProtocolError('it has a malformed trailer');
      this.#state = 'done';
      sink.end(trailers);
    }
  }
}
