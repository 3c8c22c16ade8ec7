export { FileLogs } from './file-logs.ts';
export type { LogLimits } from './limits.ts';
export { defaultLogLimits } from './limits.ts';
export type {
  LogEntry,
  LogGap,
  LogLine,
  LogPiece,
  LogReadOptions,
  LogStream,
  Logs,
  LogWriter,
  PieceReadOptions,
} from './logs.ts';
