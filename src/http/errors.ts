import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { asciiJson } from '../lib/ascii-json.ts';
import { BerthError, type ErrorCode } from '../lib/errors.ts';

/** How a dialect words an error. */
export interface ErrorWording {
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How an API tells errors. */
export interface ErrorTable {
  readonly codes: Readonly<Record<ErrorCode, ErrorWording>>;
  /** The body of an answer; `{"error":{message,status,code,id}}` when absent. */
  readonly body?: (error: ToldError) => object;
  /** Expected errors that only this API has; undefined for any other error. */
  readonly own?: (error: unknown) => OwnError | undefined;
}

export interface ToldError {
  /** One line. */
  readonly message: string;
  readonly status: number;
  readonly code: string;
  /** Of the request. */
  readonly id: string;
  /** Of the request, without its query; absent where no route could be looked for. */
  readonly path?: string;
  readonly detail?: unknown;
}

export interface OwnError extends ErrorWording {
  readonly message: string;
  /** More, for programs. */
  readonly detail?: unknown;
}

/** Called with what was not expected; the request's id stands in the answer and in the log. */
export type ReportFault = (requestId: string, error: unknown) => void;

/** Errors of the framework that are the caller's mistakes. */
const frameworkCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid',
  FST_ERR_BAD_URL: 'invalid',
  FST_ERR_VALIDATION: 'invalid',
};

/** Makes a dialect's error handler: its own words, one shape, and never a cause that the caller can't mend. */
export function errorHandler(table: ErrorTable, reportFault: ReportFault) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const own = table.own?.(error);
    if (own !== undefined) {
      tell(reply, table, own);
      return;
    }
    const known = asBerthError(error);
    if (known === undefined) reportFault(request.id, error);
    sendError(
      reply,
      table,
      known?.code ?? 'internal',
      known?.message ?? 'Berth failed; its log has the cause',
    );
  };
}

/** Answers with an error of the registry. */
export function sendError(
  reply: FastifyReply,
  table: ErrorTable,
  code: ErrorCode,
  message: string,
): FastifyReply {
  return tell(reply, table, { ...table.codes[code], message });
}

function tell(reply: FastifyReply, table: ErrorTable, error: OwnError): FastifyReply {
  // A body that is too large is not read to its end: the connection can't be used again.
  if (error.status === 413) reply.header('connection', 'close');
  return reply
    .code(error.status)
    .headers({ ...error.headers, 'content-type': 'application/json' })
    .send(bodyOf(table, error, reply.request));
}

/**
 * The last line of a stream of JSON lines that has failed; the same shape as the body of an answer.
 */
export function errorLine(
  table: ErrorTable,
  error: unknown,
  requestId: string,
  reportFault: ReportFault,
): string {
  const own = table.own?.(error);
  if (own !== undefined) return bodyOf(table, own, { id: requestId });
  const known = asBerthError(error);
  if (known === undefined) reportFault(requestId, error);
  const message = known?.message ?? 'Berth failed; its log has the cause';
  return errorBody(table, known?.code ?? 'internal', message, requestId);
}

export function errorBody(table: ErrorTable, code: ErrorCode, message: string, id: string): string {
  return bodyOf(table, { ...table.codes[code], message }, { id });
}

function bodyOf(
  table: ErrorTable,
  { status, code, message, detail }: OwnError,
  { id, url }: { readonly id: string; readonly url?: string },
): string {
  const told = { message: oneLine(message), status, code, id, ...(detail !== undefined && { detail }) };
  if (table.body === undefined) return asciiJson({ error: told });
  const [path] = url?.split('?', 1) ?? [];
  return asciiJson(table.body({ ...told, ...(path !== undefined && { path }) }));
}

function asBerthError(error: unknown): BerthError | undefined {
  if (error instanceof BerthError) return error;
  const { code, message, statusCode } = error as Partial<FastifyError>;
  const known = frameworkCodes[code ?? ''] ?? (statusCode === 400 ? 'invalid' : undefined);
  return known && new BerthError(known, message ?? 'bad request', { cause: error });
}

function oneLine(message: string): string {
  return message.replace(/[\r\n]+/g, ' ');
}
