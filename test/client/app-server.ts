import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { send, type TestServer } from '../support/index.ts';

const page = `<!doctype html><title>app</title><link rel="icon" href="data:">
<script src="/socket.io.js"></script>
<script type="module">import * as protocol from '/protocol.js'; Object.assign(window, { protocol });</script>`;

/**
 * Somebody's own web site, whose pages use backends: another origin than the server's. It has the account's token
 * and connects on behalf of its pages, as sites do with the published server library.
 */
export class AppServer {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  /** @param socketIo where the browser's client of Socket.IO is */
  static async start(berth: TestServer, socketIo: string): Promise<AppServer> {
    const files: Readonly<Record<string, readonly [type: string, content: string | Buffer]>> = {
      '/': ['text/html', page],
      '/protocol.js': ['text/javascript', await readFile(join(import.meta.dirname, 'page/protocol.js'))],
      '/socket.io.js': ['text/javascript', await readFile(socketIo)],
    };
    const answerTo = async (request: IncomingMessage): Promise<readonly [string, string | Buffer]> => {
      const [, service] = /^\/connect\/([\w-]+)$/.exec(request.url ?? '') ?? [];
      if (service !== undefined)
        return ['application/json', await connect(berth, service, await text(request))];
      return files[request.url ?? ''] ?? ['text/plain', 'nothing here'];
    };
    const server = createServer(async (request, response) => {
      const [type, content] = await answerTo(request);
      response.setHeader('content-type', type).end(content);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AppServer(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function connect(berth: TestServer, service: string, body: string): Promise<string> {
  const headers = { authorization: `Bearer ${berth.token}`, 'content-type': 'application/json' };
  return (await send(`${berth.url}/v2/service/admin/${service}/connect`, { headers, body })).text;
}
