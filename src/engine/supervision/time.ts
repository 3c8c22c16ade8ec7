/** Where time comes from, so that tests can set it. */
export interface Time {
  now(): Date;
  /** Milliseconds on a clock that never jumps. */
  elapsedMs(): number;
  /** Calls back once, that much later; the returned function takes it back. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemTime: Time = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/** Settles after the time, or as soon as the signal fires. */
export function pass(time: Time, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted || delayMs <= 0) return resolve();
    const takeBack = time.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    const stop = (): void => {
      takeBack();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
