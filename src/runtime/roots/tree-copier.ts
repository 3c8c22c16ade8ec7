import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RuntimeError } from '../runtime.ts';
import type { CopyReply, CopyStep } from './copy-worker.ts';
import { endCommandsIn } from './left-commands.ts';

/** The thread in which one copy is made, step by step. Dispose of it in the end. */
export class TreeCopier implements AsyncDisposable {
  readonly #worker = new Worker(new URL('./copy-worker.ts', import.meta.url));
  readonly #folder: string;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param folder where its commands write; those that still run are ended with it
   * @param signal ends the copy, in the middle of a step, too
   */
  constructor(folder: string, signal?: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
    this.#worker.on('error', () => {}); // told by the step
  }

  /** @throws {RuntimeError} `disk-full` */
  async perform(step: CopyStep): Promise<CopyReply> {
    const over = new AbortController();
    const signals = this.#signal === undefined ? [over.signal] : [this.#signal, over.signal];
    const signal = AbortSignal.any(signals);
    signal.throwIfAborted();
    try {
      this.#worker.postMessage(step);
      const answer = once(this.#worker, 'message', { signal });
      const end = once(this.#worker, 'exit', { signal }).then(() => {
        throw new Error('the copying thread ended');
      });
      end.catch(() => {});
      const [reply] = (await Promise.race([answer, end])) as [CopyReply];
      if (reply.error !== undefined) throw copyError(reply.error);
      return reply;
    } finally {
      over.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A thread that waits for a command ends only with that.
    const ended = this.#worker.terminate();
    if (this.#signal?.aborted) await endCommandsIn(this.#folder);
    await ended;
  }
}

function copyError({ message, code }: NonNullable<CopyReply['error']>): Error {
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return new Error(`files could not be copied: ${message}`);
  return new RuntimeError('disk-full', "the server's disk is full");
}
