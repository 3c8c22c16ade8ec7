import { constants, open, unlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ociLimits } from './limits.ts';

const pollMs = 1;

/**
 * Starts a container that runc has made, as `runc start` does, without a process for it: the container's first
 * process waits for a reader of this FIFO before it becomes the program, and says one byte. runc takes the
 * container for started when the FIFO is gone.
 * @param lives whether the first process is still there
 */
export async function startByFifo(path: string, lives: () => boolean): Promise<void> {
  // Non-blocking: a first process that has ended opens it no more.
  const fifo = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const deadline = performance.now() + ociLimits.commandTimeoutMs;
    while (!(await says(fifo))) {
      if (!lives()) throw new Error('the container ended before its program was started');
      if (performance.now() > deadline) throw new Error('the container did not start in time');
      await delay(pollMs);
    }
  } finally {
    await fifo.close();
  }
  await unlink(path);
}

async function says(fifo: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  try {
    return (await fifo.read(Buffer.alloc(1), 0, 1)).bytesRead === 1;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw error;
  }
}
