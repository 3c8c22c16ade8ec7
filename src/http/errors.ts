import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { BerthError, type ErrorCode } from '../lib/errors.ts';
import { asciiJson } from './ascii-json.ts';

/** How a dialect words an error. */
export interface ErrorWording {
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type ErrorTable = Readonly<Record<ErrorCode, ErrorWording>>;

/** Called with what was not expected; the request's id stands in the answer and in the log. */
export type ReportFault = (requestId: string, error: unknown) => void;

/** Errors of the framework that are the caller's mistakes. */
const frameworkCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid',
  FST_ERR_BAD_URL: 'invalid',
  FST_ERR_VALIDATION: 'invalid',
};

/** Makes a dialect's error handler: its own words, one shape, and never a cause that the caller can't mend. */
export function errorHandler(table: ErrorTable, reportFault: ReportFault) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const known = asBerthError(error, request);
    if (known === undefined) reportFault(request.id, error);
    sendError(
      reply,
      table,
      known?.code ?? 'internal',
      known?.message ?? 'Berth failed; its log has the cause',
    );
  };
}

/** Answers `{"error":{message,status,code,id}}`. */
export function sendError(
  reply: FastifyReply,
  table: ErrorTable,
  code: ErrorCode,
  message: string,
): FastifyReply {
  const wording = table[code];
  // A body that is too large is not read to its end: the connection can't be used again.
  if (code === 'too-large') reply.header('connection', 'close');
  return reply
    .code(wording.status)
    .headers({ ...wording.headers, 'content-type': 'application/json' })
    .send(errorBody(table, code, message, reply.request.id));
}

export function errorBody(table: ErrorTable, code: ErrorCode, message: string, id: string): string {
  const { status, code: word } = table[code];
  return asciiJson({ error: { message: oneLine(message), status, code: word, id } });
}

function asBerthError(error: unknown, request: FastifyRequest): BerthError | undefined {
  if (error instanceof BerthError) return error;
  const { code, message, statusCode } = error as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const found = request.headers['content-type'] ?? 'none';
    return new BerthError('unsupported-media-type', `content-type: must be application/json, not ${found}`);
  }
  const known = frameworkCodes[code ?? ''] ?? (statusCode === 400 ? 'invalid' : undefined);
  return known && new BerthError(known, message ?? 'bad request', { cause: error });
}

function oneLine(message: string): string {
  return message.replace(/[\r\n]+/g, ' ');
}
