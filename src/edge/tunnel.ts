import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Socket } from 'node:net';
import { limits } from './limits.ts';
import { addEdgeHeaders } from './response-headers.ts';
import type { UpstreamConnection } from './upstream/connection.ts';
import type { ResponseHead } from './upstream/response-parser.ts';

/** Why a 101 does not answer the upgrade that was asked for (RFC 9110, section 7.8); undefined if it does. */
export function upgradeProblem(asked: string | undefined, head: ResponseHead): string | undefined {
  const offered = protocols(asked);
  const taken = protocols(head.upgrade);
  if (taken.length === 0 || !taken.every(protocol => offered.includes(protocol))) {
    return 'it switched to another protocol than asked for';
  }
  try {
    for (let i = 0; i + 1 < head.headers.length; i += 2) {
      validateHeaderName(head.headers[i] as string);
      validateHeaderValue(head.headers[i] as string, head.headers[i + 1] as string);
    }
  } catch {
    return 'it has a malformed header';
  }
  return undefined;
}

function protocols(upgrade: string | undefined): string[] {
  const list = (upgrade ?? '').toLowerCase().split(',');
  return list.map(protocol => protocol.trim()).filter(protocol => protocol !== '');
}

/** Carries bytes between a client and a workload after an upgrade. Each direction ends by itself. */
export class Tunnel {
  readonly #client: Socket;
  readonly #connection: UpstreamConnection;

  constructor(client: Socket, connection: UpstreamConnection) {
    this.#client = client;
    this.#connection = connection;
  }

  /** @param head the 101, whose headers have been checked */
  open(head: ResponseHead, id: string): void {
    const client = this.#client;
    const upstream = this.#connection.socket;
    for (const socket of [client, upstream]) {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, limits.keepAliveMs);
    }
    client.write(headText(head, id), 'latin1');
    client.on('drain', () => this.#connection.resume());
    upstream.once('end', () => {
      client.end();
      this.#cutWhenSilent();
    });
    client.once('end', () => this.#cutWhenSilent());
    // What an ended side has sent is still delivered; what a broken side has sent is not complete anyway.
    client.once('close', () => (client.readableEnded ? upstream.destroySoon() : upstream.destroy()));
    upstream.once('close', () => (upstream.readableEnded ? client.destroySoon() : client.destroy()));
    client.pipe(upstream);
  }

  /** From the workload to the client. */
  write(chunk: Buffer): void {
    if (!this.#client.write(chunk)) this.#connection.pause();
  }

  #cutWhenSilent(): void {
    this.#client.setTimeout(limits.halfOpenIdleMs, () => {
      this.#client.destroy();
      this.#connection.socket.destroy();
    });
  }
}

function headText(head: ResponseHead, id: string): string {
  let text = `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${head.upgrade}\r\n`;
  const headers = addEdgeHeaders(head.headers, id);
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}
