export { asciiJson } from '../lib/ascii-json.ts';
export { type AppOptions, createApp, registerDialect } from './app.ts';
export { bearerToken, requirePrincipal } from './auth.ts';
export { clientGone } from './client-gone.ts';
export type { Dialect } from './dialect.ts';
export { errorTable } from './error-table.ts';
export type { ErrorTable, OwnError, ReportFault, ToldError } from './errors.ts';
export { lastEventId, type StreamEvent, sendEventStream } from './event-stream.ts';
export { formStyle } from './form-style.ts';
export { escapeHtml } from './html.ts';
export { parseJsonBody } from './json.ts';
export { sendJsonLines } from './json-lines.ts';
export { type NdjsonOptions, sendNdjson } from './ndjson.ts';
export { beginRawAnswer, liveHeaders } from './raw-answer.ts';
export { SessionCookie } from './session-cookie.ts';
export { sendPage, type WebPage } from './web-page.ts';
export {
  acceptWebSocket,
  isUpgrade,
  offerUpgrade,
  type WebSocketOptions,
  wantsWebSocket,
} from './web-socket.ts';
