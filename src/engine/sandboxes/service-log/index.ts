export { defaultServiceLogLimits, type JoiningLimits, type ServiceLogLimits } from './limits.ts';
export { type LiveOutputOptions, liveOutput } from './live-output.ts';
export type { LogFileLine } from './log-line.ts';
export type { Output } from './output-joiner.ts';
export { type ReadLinesOptions, ServiceLog, type ServiceLogParts } from './service-log.ts';
