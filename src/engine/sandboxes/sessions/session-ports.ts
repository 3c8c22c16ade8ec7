import type { ListeningPort } from '../../../runtime/runtime.ts';
import { type PortListener, portKey } from '../ports/ports.ts';

export interface SessionPortsParts {
  /** The session's process, as its sandbox counts; 0 where it is not known. */
  readonly pid: number;
  /** Tells of all ports of the sandbox. @returns stops it */
  readonly follow: (listener: PortListener) => () => void;
  /** Those who want to know. */
  readonly clients: Iterable<PortClient>;
}

export interface PortClient {
  portOpened?(port: ListeningPort): void;
  portClosed?(port: ListeningPort): void;
}

/** The ports that processes of one session listen on; they are looked for between `start` and `stop`. */
export class SessionPorts {
  readonly #parts: SessionPortsParts;
  readonly #open = new Map<string, ListeningPort>();
  #stop: (() => void) | undefined;

  constructor(parts: SessionPortsParts) {
    this.#parts = parts;
  }

  start(): void {
    const { pid, follow } = this.#parts;
    if (pid === 0 || this.#stop !== undefined) return;
    this.#stop = follow({
      opened: port => {
        if (port.lineage.includes(pid)) this.#opened(port);
      },
      closed: port => this.#closed(port),
    });
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#open.clear();
  }

  /** For somebody who came later. */
  tellAll(client: PortClient): void {
    for (const port of this.#open.values()) client.portOpened?.(port);
  }

  #opened(port: ListeningPort): void {
    this.#open.set(portKey(port), port);
    for (const client of this.#parts.clients) client.portOpened?.(port);
  }

  #closed(port: ListeningPort): void {
    if (!this.#open.delete(portKey(port))) return;
    for (const client of this.#parts.clients) client.portClosed?.(port);
  }
}
