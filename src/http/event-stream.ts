import type { FastifyReply, FastifyRequest } from 'fastify';
import { beginRawAnswer, liveHeaders } from './raw-answer.ts';

export interface StreamEvent {
  /** Rising within one resource and the same after a restart of the server. */
  readonly id: number;
  /** One line. */
  readonly data: string;
}

export interface EventStreamOptions {
  /** Silence after which a keep-alive is sent. */
  readonly keepAliveMs: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How much is written between two moments at which the connection has taken everything. */
const maxUnflushedBytes = 16 * 1024;

/**
 * Answers with server-sent events, one write each. A client that names `text/event-stream` in `Accept` gets
 * `id:` lines and comment keep-alives; others get nothing but `data:` and empty lines, because fetch-based
 * clients stumble over anything else. A slow reader is waited for.
 * @param open makes the events; its signal fires when the client is gone
 */
export async function sendEventStream(
  request: FastifyRequest,
  reply: FastifyReply,
  open: (signal: AbortSignal) => AsyncIterable<StreamEvent>,
  { keepAliveMs, headers = {} }: EventStreamOptions,
): Promise<void> {
  const explicit = /\btext\/event-stream\b/i.test(request.headers.accept ?? '');
  const gone = new AbortController();
  const { raw } = reply;
  raw.once('close', () => gone.abort());
  // Cut, not ended: the stream has more to come, so the client is to ask again.
  const { closing } = request.server;
  const cut = (): void => void raw.destroy();
  closing.addEventListener('abort', cut);
  beginRawAnswer(reply, 200, { ...headers, 'content-type': 'text/event-stream', ...liveHeaders });
  const keepAlive = setInterval(() => raw.write(explicit ? ':\n\n' : '\n\n'), keepAliveMs);
  let unflushedBytes = 0;
  try {
    for await (const { id, data } of open(gone.signal)) {
      if (gone.signal.aborted) break;
      const text = explicit ? `id: ${id}\ndata: ${data}\n\n` : `data: ${data}\n\n`;
      unflushedBytes += text.length;
      const full = unflushedBytes >= maxUnflushedBytes;
      if (full) unflushedBytes = 0;
      const flushed = new Promise<void>(resolve => {
        const taken = raw.write(text, () => resolve());
        if (!full && taken) resolve();
      });
      keepAlive.refresh();
      await flushed;
    }
    raw.end();
  } catch (error) {
    // Cut, so that the client does not take what it has for the whole stream.
    raw.destroy();
    throw error;
  } finally {
    clearInterval(keepAlive);
    closing.removeEventListener('abort', cut);
  }
}

/** The id after which a client wants to go on; undefined when it names none, or none that could be one. */
export function lastEventId(request: FastifyRequest): number | undefined {
  const value = request.headers['last-event-id'];
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
