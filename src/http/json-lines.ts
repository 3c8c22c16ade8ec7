import type { FastifyReply, FastifyRequest } from 'fastify';
import { asciiJson } from '../lib/ascii-json.ts';
import { BerthError } from '../lib/errors.ts';
import { type ErrorTable, errorLine, type ReportFault } from './errors.ts';
import { beginRawAnswer, liveHeaders } from './raw-answer.ts';

export interface JsonLinesOptions {
  readonly errors: ErrorTable;
  readonly reportFault: ReportFault;
  /** Silence after which an empty line is sent, so that nothing between takes the connection for dead. */
  readonly keepAliveMs: number;
}

const contentType = 'application/x-ndjson';

/**
 * Answers with JSON documents, one a line, as they come. What fails before the first one is answered as an error
 * with its status; later, the error is the last line. A slow reader is waited for.
 * @param open makes the documents; its signal fires when the client is gone or the server stops
 */
export async function sendJsonLines(
  request: FastifyRequest,
  reply: FastifyReply,
  open: (signal: AbortSignal) => AsyncIterable<object>,
  { errors, reportFault, keepAliveMs }: JsonLinesOptions,
): Promise<void> {
  const gone = new AbortController();
  const { raw } = reply;
  const { closing } = request.server;
  const cut = (): void => gone.abort();
  raw.once('close', cut);
  closing.addEventListener('abort', cut);
  const documents = open(gone.signal)[Symbol.asyncIterator]();
  try {
    let next = await documents.next().catch((error: unknown) => {
      throw gone.signal.aborted ? new BerthError('no-capacity', 'the server is stopping') : error;
    });
    beginRawAnswer(reply, 200, { 'content-type': contentType, ...liveHeaders });
    const keepAlive = setInterval(() => raw.write('\n'), keepAliveMs);
    try {
      while (!next.done) {
        keepAlive.refresh();
        await write(reply, asciiJson(next.value));
        next = await documents.next();
      }
    } catch (error) {
      if (gone.signal.aborted) raw.destroy();
      else await write(reply, errorLine(errors, error, request.id, reportFault));
    } finally {
      clearInterval(keepAlive);
      raw.end();
    }
  } finally {
    raw.off('close', cut);
    closing.removeEventListener('abort', cut);
    gone.abort();
    await documents.return?.();
  }
}

async function write({ raw }: FastifyReply, line: string): Promise<void> {
  await new Promise<void>(resolve => raw.write(`${line}\n`, () => resolve()));
}
