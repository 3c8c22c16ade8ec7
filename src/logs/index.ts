export { FileLogs } from './file-logs.ts';
export type { LogLimits } from './limits.ts';
export { defaultLogLimits } from './limits.ts';
export type { LogEntry, LogGap, LogLine, LogReadOptions, LogStream, Logs, LogWriter } from './logs.ts';
