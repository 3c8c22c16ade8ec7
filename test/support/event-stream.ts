import type { IncomingMessage } from 'node:http';
import { within } from './eventually.ts';

export interface StreamedEvent {
  readonly id?: number;
  readonly data: string;
}

/** The events of a `text/event-stream` body as they come; ends when the server closes it. */
export async function* readEvents(response: IncomingMessage): AsyncGenerator<StreamedEvent, void, undefined> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    rest += chunk as string;
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const event = parseEvent(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (event !== undefined) yield event;
    }
  }
}

function parseEvent(block: string): StreamedEvent | undefined {
  let id: number | undefined;
  let data: string | undefined;
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) id = Number(line.slice(4));
    if (line.startsWith('data: ')) data = line.slice(6);
  }
  return data === undefined ? undefined : { data, ...(id !== undefined && { id }) };
}

/** Reads an event stream to its end, which must come in time. */
export async function allEvents(response: IncomingMessage, timeoutMs = 30_000): Promise<StreamedEvent[]> {
  const collect = async (): Promise<StreamedEvent[]> => {
    const events: StreamedEvent[] = [];
    for await (const event of readEvents(response)) events.push(event);
    return events;
  };
  return await within('the end of the stream', collect(), timeoutMs);
}
