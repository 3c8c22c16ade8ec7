import { createServer, type Server, type Socket } from 'node:net';
import ssh2 from 'ssh2';
import { SshConnection } from './ssh-connection.ts';
import { parsePublicKey, type SshKeyPair } from './ssh-keys.ts';
import type { SshTarget } from './ssh-target.ts';

/** What becomes of a connection: it is let in, closed without a byte, or reset. */
export type Verdict = 'accept' | 'drop' | 'reject';

export interface SshGatewayOptions {
  /** Address to listen at. */
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly hostKeys: readonly SshKeyPair[];
  /** Lines that `parsePublicKey` accepts. */
  readonly authorizedKeys: readonly string[];
  /** The only one who can log in. */
  readonly user: string;
  readonly target: SshTarget;
  /** Looked at for each connection, and again by {@link SshGateway.recheck}. @param address of the other end */
  readonly judge: (address: string) => Verdict;
}

const maxConnections = 64;
const keepAliveMs = 30_000;
const maxMissedKeepAlives = 4;

/** The SSH server in front of one machine, on a port of its own. */
export class SshGateway {
  readonly #options: SshGatewayOptions;
  readonly #listener: Server;
  readonly #ssh: ssh2.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: SshGatewayOptions) {
    this.#options = options;
    const keys = options.authorizedKeys.map(parsePublicKey).filter(key => key !== undefined);
    const { user, target } = options;
    this.#ssh = new ssh2.Server(
      {
        hostKeys: options.hostKeys.map(({ privateKey }) => privateKey),
        ident: 'berth',
        keepaliveInterval: keepAliveMs,
        keepaliveCountMax: maxMissedKeepAlives,
      },
      client => new SshConnection(client, { user, keys, target }),
    );
    this.#listener = createServer({ noDelay: true }, socket => this.#accept(socket));
    this.#listener.maxConnections = maxConnections;
  }

  /** @throws {Error} EADDRINUSE and the like */
  static async open(options: SshGatewayOptions): Promise<SshGateway> {
    const gateway = new SshGateway(options);
    await new Promise<void>((resolve, reject) => {
      gateway.#listener.once('error', reject);
      gateway.#listener.listen({ host: options.host, port: options.port }, resolve);
    });
    return gateway;
  }

  get port(): number {
    const address = this.#listener.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Cuts connections that would not be let in any more. */
  recheck(): void {
    for (const socket of this.#sockets) this.#judge(socket);
  }

  /** Ends all connections. Resolves when the port is free. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#listener.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    if (!this.#judge(socket)) return;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#ssh.injectSocket(socket);
  }

  /** @returns whether it may stay */
  #judge(socket: Socket): boolean {
    const verdict = this.#options.judge(plainAddress(socket.remoteAddress ?? ''));
    if (verdict === 'accept') return true;
    socket.on('error', () => {});
    if (verdict === 'reject') socket.resetAndDestroy();
    else socket.destroy();
    return false;
  }
}

/** IPv4 as itself, also where it comes over a socket of IPv6. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
