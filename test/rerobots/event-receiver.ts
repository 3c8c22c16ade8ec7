import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { eventually } from '../support/index.ts';

export interface ReceivedEvent {
  readonly path: string;
  readonly id: string;
  readonly type: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Listens on this machine for events until the test is over. */
export class EventReceiver {
  readonly received: ReceivedEvent[] = [];
  /** What is answered, one after the other; then 204. */
  readonly answers: number[] = [];
  #url = '';

  static async start(t: TestContext): Promise<EventReceiver> {
    const receiver = new EventReceiver();
    const server = createServer((req, res) => {
      void (async () => {
        const text = Buffer.concat(await req.toArray()).toString();
        receiver.received.push({
          path: req.url ?? '',
          id: String(req.headers['berth-event-id']),
          type: req.headers['content-type'],
          body: JSON.parse(text) as Record<string, unknown>,
        });
        res.writeHead(receiver.answers.shift() ?? 204, { location: '/elsewhere' }).end();
      })();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    receiver.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return receiver;
  }

  url(path = '/', host = '127.0.0.1'): string {
    return this.#url.replace('127.0.0.1', host) + path;
  }

  /** Waits until so many have come; those about one id where it is given. */
  async have(count: number, about?: string): Promise<ReceivedEvent[]> {
    return eventually(`${count} events`, () => {
      const found = this.received.filter(({ body }) => about === undefined || body.id === about);
      return found.length >= count && found;
    });
  }
}
