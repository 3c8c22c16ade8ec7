import type { FastifyReply, FastifyRequest } from 'fastify';
import { beginRawAnswer, liveHeaders } from './raw-answer.ts';

export interface NdjsonOptions {
  /**
   * What happens when the server stops: the stream is cut, since it has more to come, or its source (which
   * knows of the stop by itself) brings it to its last line.
   */
  readonly atServerStop?: 'cut' | 'finish';
}

/**
 * Answers with a JSON object a line, each sent at once; the head goes out before the first is there. A slow
 * reader is waited for.
 * @param open makes the objects; its signal fires when the client is gone
 */
export async function sendNdjson(
  request: FastifyRequest,
  reply: FastifyReply,
  open: (signal: AbortSignal) => AsyncIterable<object>,
  { atServerStop = 'cut' }: NdjsonOptions = {},
): Promise<void> {
  const gone = new AbortController();
  const { raw } = reply;
  raw.once('close', () => gone.abort());
  const { closing } = request.server;
  const cut = (): void => void raw.destroy();
  if (atServerStop === 'cut') closing.addEventListener('abort', cut);
  beginRawAnswer(reply, 200, { 'content-type': 'application/x-ndjson', ...liveHeaders });
  try {
    for await (const object of open(gone.signal)) {
      if (gone.signal.aborted) break;
      if (!raw.write(`${JSON.stringify(object)}\n`)) await drained(raw, gone.signal);
    }
    raw.end();
  } catch (error) {
    // Cut, so that the client does not take what it has for the whole stream.
    raw.destroy();
    if (!gone.signal.aborted) throw error;
  } finally {
    closing.removeEventListener('abort', cut);
  }
}

/** Settles when more can be written, or nobody is there to read it. */
function drained(raw: FastifyReply['raw'], gone: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const settle = (): void => {
      raw.off('drain', settle);
      gone.removeEventListener('abort', settle);
      resolve();
    };
    raw.on('drain', settle);
    gone.addEventListener('abort', settle);
    if (gone.aborted) settle();
  });
}
