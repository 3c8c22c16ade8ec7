export interface ServerSentEvent {
  /** The last id that the stream has named so far. */
  readonly id: string | undefined;
  readonly data: string;
}

/**
 * Takes a stream of server-sent events apart (HTML standard, section 9.2.6), fed with pieces of any size.
 * Fields other than `id` and `data` are not used by Berth.
 */
export class EventParser {
  #rest = '';
  #data: string[] = [];
  #id: string | undefined;

  constructor(lastEventId?: string) {
    this.#id = lastEventId;
  }

  /** @returns the events that this piece completed */
  push(piece: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const text = this.#rest + piece;
    // A carriage return at the very end may be the first half of a line end.
    const complete = text.endsWith('\r') ? text.slice(0, -1) : text;
    const lines = complete.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + text.slice(complete.length);
    for (const line of lines) {
      if (line !== '') {
        this.#field(line);
      } else if (this.#data.length > 0) {
        events.push({ id: this.#id, data: this.#data.join('\n') });
        this.#data = [];
      }
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    if (name === 'id' && !value.includes('\0')) this.#id = value;
  }
}
