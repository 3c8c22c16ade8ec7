import type { ServiceEvent } from '../../../engine/index.ts';
import { spriteLayout } from '../layout.ts';

/** Lines stay below the limit of clients, 60,000 bytes; output is cut before. */
const maxErrorLength = 8_000;

/**
 * Lines of a stream: what happens, then always `complete`, after an `error` where the server stops before the end.
 * Times never go back, though output is dated by its arrival.
 */
export async function* eventLines(
  name: string,
  events: AsyncIterable<ServiceEvent>,
  closing: AbortSignal,
): AsyncGenerator<object, void, undefined> {
  let latestMs = 0;
  const timestamp = (at: Date): number => {
    latestMs = Math.max(latestMs, at.getTime());
    return latestMs;
  };
  for await (const event of events) yield { ...line(event), timestamp: timestamp(event.at) };
  if (closing.aborted) {
    yield { type: 'error', data: 'the server stops', timestamp: timestamp(new Date()) };
  }
  const path = `${spriteLayout.privateFolder}/logs/services/${name}.log`;
  yield {
    type: 'complete',
    log_files: { combined: path, stdout: path, stderr: path },
    timestamp: timestamp(new Date()),
  };
}

function line(event: ServiceEvent): object {
  switch (event.type) {
    case 'output':
      return { type: event.stream, data: event.text };
    case 'error':
      return { type: 'error', data: event.text.slice(0, maxErrorLength) };
    case 'exit':
    case 'stopped':
      return { type: event.type, exit_code: event.exitCode };
    default:
      return { type: event.type };
  }
}
