import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, ConnectionError } from '../../client/index.ts';

const retryMs = 500;

/**
 * Tries again while the server is away or busy.
 * @throws {ApiError} any other refusal; the last failure when the signal fires
 */
export async function patiently<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      const isPassing =
        error instanceof ConnectionError || (error instanceof ApiError && error.status >= 500);
      if (!isPassing || signal.aborted) throw error;
      await delay(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}
