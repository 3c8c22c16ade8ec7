import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { ProgramOutput } from '../../../lib/program-output.ts';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** One standard stream of a program to be: the server's end is open, the other is opened by path. */
export interface OpenFifo<T> {
  readonly path: string;
  readonly end: T;
  /** The program has its end, or never will: from now on the stream ends with it. */
  release(): void;
}

export function openInput(path: string): OpenFifo<Writable> {
  return open(path, O_WRONLY, descriptor => input(new Socket({ fd: descriptor, readable: false })));
}

/** @param convert what is done to each piece as it comes */
export function openOutput(path: string, convert?: (chunk: Buffer) => Buffer): OpenFifo<ProgramOutput> {
  const wrap = (fd: number) => new ProgramOutput(new Socket({ fd, writable: false }), convert);
  return open(path, O_RDONLY, wrap);
}

/** Opening a FIFO is no reason to wait, since it is held open at both ends meanwhile. */
function open<T>(path: string, mode: number, wrap: (descriptor: number) => T): OpenFifo<T> {
  const holder = openSync(path, O_RDWR | O_NONBLOCK);
  const end = wrap(openSync(path, mode | O_NONBLOCK));
  let isReleased = false;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    closeSync(holder);
    unlinkSync(path);
  };
  return { path, end, release };
}

/** A FIFO can't be shut down in one direction like a socket: it is closed when all is written. */
function input(fifo: Socket): Writable {
  fifo.on('error', () => {}); // told to whoever writes
  const writable = new Writable({
    write: (chunk: Buffer, _encoding, done) => void fifo.write(chunk, error => done(error)),
    final: done => {
      fifo.destroy();
      done();
    },
    destroy: (error, done) => {
      fifo.destroy();
      done(error);
    },
  });
  writable.on('error', () => {}); // the program has ended without reading all of its input
  return writable;
}
