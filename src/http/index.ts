export { asciiJson } from '../lib/ascii-json.ts';
export { type AppOptions, createApp, registerDialect } from './app.ts';
export { bearerToken } from './auth.ts';
export type { Dialect } from './dialect.ts';
export { errorTable } from './error-table.ts';
export type { ErrorTable, OwnError, ReportFault, ToldError } from './errors.ts';
export { lastEventId, type StreamEvent, sendEventStream } from './event-stream.ts';
export { parseJsonBody } from './json.ts';
export { sendJsonLines } from './json-lines.ts';
