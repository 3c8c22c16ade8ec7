export { type AppOptions, createApp, registerDialect } from './app.ts';
export { bearerToken } from './auth.ts';
export type { Dialect } from './dialect.ts';
export type { ErrorTable, ReportFault } from './errors.ts';
export { lastEventId, type StreamEvent, sendEventStream } from './event-stream.ts';
export { asciiJson, parseJsonBody } from './json.ts';
