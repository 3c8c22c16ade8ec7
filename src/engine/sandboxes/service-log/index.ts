export { defaultServiceLogLimits, type JoiningLimits, type ServiceLogLimits } from './limits.ts';
export { type LiveOutputOptions, liveOutput } from './live-output.ts';
export type { LogFileLine } from './log-line.ts';
export type { Output } from './output-joiner.ts';
export type { LineReader } from './read-lines.ts';
export { ServiceLog, type ServiceLogParts } from './service-log.ts';
