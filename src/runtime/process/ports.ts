import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** A port that nobody else gets until it is released. */
export interface PortLease {
  readonly port: number;
  /** Frees the port for the program that is about to listen on it. */
  handOver(): Promise<void>;
}

/** Free ports of one address; each is listened on until its program is started, so that nobody takes it. */
export class Ports {
  readonly #host: string;
  readonly #leased = new Map<number, Server | undefined>();

  constructor(host: string) {
    this.#host = host;
  }

  async lease(): Promise<PortLease> {
    for (;;) {
      const server = await this.#listen(0);
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      // A program that is not listening just now has left its port free for the system to give.
      if (!this.#leased.has(port)) return this.#hold(port, server);
      await closed(server);
    }
  }

  /** Leases the port that a workload had before a restart, held where it is free. */
  async leaseAgain(port: number): Promise<PortLease> {
    const server = await this.#listen(port).catch(() => undefined);
    return this.#hold(port, server);
  }

  async release(port: number): Promise<void> {
    await this.#free(port);
    this.#leased.delete(port);
  }

  #hold(port: number, server: Server | undefined): PortLease {
    this.#leased.set(port, server);
    return { port, handOver: () => this.#free(port) };
  }

  async #free(port: number): Promise<void> {
    const server = this.#leased.get(port);
    if (server === undefined) return;
    this.#leased.set(port, undefined);
    await closed(server);
  }

  async #listen(port: number): Promise<Server> {
    const server = createServer(socket => socket.destroy());
    server.listen({ host: this.#host, port, exclusive: true });
    await once(server, 'listening');
    return server;
  }
}

async function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
}
