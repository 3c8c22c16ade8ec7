import { bulkDataPassed } from '../../../lib/bulk-data.ts';
import { randomId } from '../../../lib/ids.ts';
import type { ExecProcess } from '../../../runtime/runtime.ts';
import type { PortListener } from '../ports/ports.ts';
import { type OutputPiece, type OutputStream, Scrollback } from './scrollback.ts';
import { type PortClient, SessionPorts } from './session-ports.ts';

/** Somebody who follows a session. Every call returns at once. */
export interface SessionClient extends PortClient {
  output(piece: OutputPiece): void;
  /** All output has been told before. */
  ended(exitCode: number): void;
  /** The sandbox stops: nobody knows how the command would have ended. */
  cut(): void;
  /** How much of its output is still on the way to it. */
  unsentBytes(): number;
}

export interface SessionFacts {
  /** The program as it was resolved, and its arguments. */
  readonly command: readonly string[];
  readonly directory: string;
  readonly tty: boolean;
}

export interface SessionParts {
  readonly process: ExecProcess;
  readonly facts: SessionFacts;
  readonly scrollbackBytes: number;
  /** How long it goes on without a client; 0 = for ever. */
  readonly maxRunAfterDisconnectMs: number;
  /** Something was written by the program. */
  readonly onOutput: () => void;
  /** Tells of the ports of its sandbox. @returns stops it */
  readonly followPorts: (listener: PortListener) => () => void;
  /** The number of clients has become 0, or was. */
  readonly onAttended: (attended: boolean) => void;
}

/** While more than this is on the way to a client, the program is not read. */
const maxUnsentBytes = 1024 * 1024;
const drainPollMs = 5;
/** From SIGHUP to SIGKILL, for a session that nobody came back to. */
const hangUpGraceMs = 5_000;
const rateWindowMs = 10_000;

/** A command that runs in a sandbox, with those who follow it: each gets all of its output. */
export class Session {
  readonly id = randomId(16);
  readonly createdAt = new Date();
  readonly facts: SessionFacts;
  readonly #parts: SessionParts;
  readonly #clients = new Set<SessionClient>();
  readonly #scrollback: Scrollback;
  readonly #ports: SessionPorts;
  readonly #ended = Promise.withResolvers<number | undefined>();
  #exitCode: number | undefined;
  #isOver = false;
  #isReading = false;
  #lonely: NodeJS.Timeout | undefined;
  #draining: NodeJS.Timeout | undefined;
  #lastActivityAt: Date | undefined;
  #windowBegan = performance.now();
  #windowBytes = 0;
  #rate = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.facts = parts.facts;
    this.#scrollback = new Scrollback(parts.scrollbackBytes);
    const { process, followPorts: follow } = parts;
    this.#ports = new SessionPorts({ pid: process.pid, follow, clients: this.#clients });
    // Its exit is told after its output was read to the end.
    process.exited.then(
      ({ exitCode }) => this.#end(exitCode),
      () => this.#end(undefined),
    );
  }

  /** As its sandbox counts. */
  get pid(): number {
    return this.#parts.process.pid;
  }

  get attended(): boolean {
    return this.#clients.size > 0;
  }

  get lastActivityAt(): Date | undefined {
    return this.#lastActivityAt;
  }

  get bytesPerSecond(): number {
    this.#turnWindow();
    return Math.round(this.#rate);
  }

  /** Settles when it is over; undefined when its sandbox ended it. */
  get ended(): Promise<number | undefined> {
    return this.#ended.promise;
  }

  /** Tells a client the last output, then all that follows. @returns what detaches it */
  attach(client: SessionClient): () => void {
    for (const piece of this.#scrollback.pieces()) client.output(piece);
    if (this.#isOver) {
      if (this.#exitCode === undefined) client.cut();
      else client.ended(this.#exitCode);
      return () => {};
    }
    this.#clients.add(client);
    this.#beginReading();
    this.#ports.tellAll(client);
    if (client.portOpened !== undefined) this.#ports.start();
    clearTimeout(this.#lonely);
    this.#parts.onAttended(true);
    return () => this.#detach(client);
  }

  /** Resolves when the program may get more. */
  async write(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.#parts.process;
    this.#lastActivityAt = new Date();
    if (!stdin.writable || stdin.write(bytes)) return;
    await new Promise<void>(resolve => {
      const settle = (): void => {
        stdin.off('drain', settle);
        stdin.off('close', settle);
        resolve();
      };
      stdin.on('drain', settle);
      stdin.on('close', settle);
    });
  }

  endInput(): void {
    this.#parts.process.stdin.end();
  }

  resize(size: { readonly rows: number; readonly cols: number }): void {
    this.#parts.process.resize(size);
  }

  signal(name: NodeJS.Signals): void {
    this.#parts.process.kill(name);
  }

  /** Its sandbox stops. */
  cut(): void {
    this.#parts.process.kill('SIGKILL');
    this.#end(undefined);
  }

  /** Not before the first client is there: all of the output is for it. */
  #beginReading(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const { stdout, stderr } = this.#parts.process;
    stdout.on('data', (bytes: Buffer) => this.#read('stdout', bytes));
    stderr.on('data', (bytes: Buffer) => this.#read('stderr', bytes));
  }

  #read(stream: OutputStream, bytes: Buffer): void {
    if (this.#isOver) return;
    const piece = { stream, bytes };
    this.#scrollback.add(piece);
    this.#lastActivityAt = new Date();
    this.#windowBytes += bytes.length;
    this.#parts.onOutput();
    for (const client of this.#clients) client.output(piece);
    bulkDataPassed(bytes.length);
    this.#pauseWhileFull();
  }

  #pauseWhileFull(): void {
    if (this.#draining !== undefined || !this.#isFull()) return;
    const { stdout, stderr } = this.#parts.process;
    stdout.pause();
    stderr.pause();
    this.#draining = setInterval(() => {
      if (this.#isFull()) return;
      clearInterval(this.#draining);
      this.#draining = undefined;
      stdout.resume();
      stderr.resume();
    }, drainPollMs);
  }

  #isFull(): boolean {
    for (const client of this.#clients) if (client.unsentBytes() > maxUnsentBytes) return true;
    return false;
  }

  #detach(client: SessionClient): void {
    if (!this.#clients.delete(client) || this.#isOver) return;
    if (this.#clients.size > 0) return;
    this.#ports.stop();
    this.#parts.onAttended(false);
    const { maxRunAfterDisconnectMs } = this.#parts;
    if (maxRunAfterDisconnectMs === 0) return;
    this.#lonely = setTimeout(() => {
      this.signal('SIGHUP');
      this.#lonely = setTimeout(() => this.signal('SIGKILL'), hangUpGraceMs).unref();
    }, maxRunAfterDisconnectMs).unref();
  }

  #end(exitCode: number | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exitCode = exitCode;
    clearTimeout(this.#lonely);
    clearInterval(this.#draining);
    this.#ports.stop();
    for (const client of this.#clients) {
      if (exitCode === undefined) client.cut();
      else client.ended(exitCode);
    }
    this.#clients.clear();
    this.#parts.onAttended(false);
    this.#ended.resolve(exitCode);
  }

  #turnWindow(): void {
    const elapsedMs = performance.now() - this.#windowBegan;
    if (elapsedMs < 1_000) return;
    this.#rate = elapsedMs > rateWindowMs ? 0 : (this.#windowBytes * 1_000) / elapsedMs;
    this.#windowBytes = 0;
    this.#windowBegan = performance.now();
  }
}
