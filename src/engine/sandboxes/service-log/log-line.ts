import type { LogStream } from '../../../logs/logs.ts';
import { lineText, type Output } from './output-joiner.ts';

/** A line of a log file. */
export interface LogFileLine {
  readonly stream: LogStream;
  readonly atMs: number;
  readonly text: string;
}

const form = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) \[(stdout|stderr)\] (.*)$/s;

/** `2026-01-05T08:01:00.123Z [stdout] text`, one line for each part. */
export function formatLines(output: readonly Output[]): string {
  let text = '';
  let atMs = Number.NaN;
  let time = '';
  for (const part of output) {
    const line = lineText(part);
    if (line === undefined) continue;
    if (part.atMs !== atMs) {
      atMs = part.atMs;
      time = new Date(atMs).toISOString();
    }
    text += `${time} [${part.stream}] ${line}\n`;
  }
  return text;
}

/** Undefined when it is no line of ours. */
export function parseLine(line: string): LogFileLine | undefined {
  const found = form.exec(line);
  if (found === null) return undefined;
  const [, time = '', stream, text = ''] = found;
  const atMs = Date.parse(time);
  if (Number.isNaN(atMs)) return undefined;
  return { stream: stream as LogStream, atMs, text };
}
