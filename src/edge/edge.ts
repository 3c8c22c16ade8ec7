import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * The data plane: brings HTTP and WebSocket traffic to workloads. It learns routes and tells connection
 * counts by messages only (plain values in, plain values out), so that it can run as a process of its own.
 */
export interface Edge {
  /** True when requests with this `Host` go to a workload, not to the APIs. */
  claims(host: string | undefined): boolean;
  request(req: IncomingMessage, res: ServerResponse): void;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The state of a workload changed; requests held for it go on or are refused. */
  update(route: Route): void;
  /** Forgets a workload; its next request asks the source again. */
  forget(id: string): void;
  /** Refuses new requests, lets running ones end for at most `drainMs`, then cuts them. */
  close(drainMs: number): Promise<void>;
}

/** What the edge asks its owner. Answers may come late; requests wait (bounded) for them. */
export interface EdgeOwner {
  /** The route of an id that the edge has not heard of; undefined when there is no such workload. */
  lookUpRoute(id: string): Promise<Route | undefined>;
  /** What a token allows at this workload; undefined when it is no live token of it. */
  lookUpToken(id: string, token: string): Promise<TokenGrant | undefined>;
  /** The number of open requests and upgraded connections changed. Held requests count as open. */
  connectionsChanged(id: string, open: number): void;
}

export interface Route {
  readonly id: string;
  /** `pending`: requests are held. `ready`: forwarded. `ended`: new ones are refused, open ones go on. */
  readonly phase: 'pending' | 'ready' | 'ended';
  /** Present when `ready`. */
  readonly target?: { readonly host: string; readonly port: number };
  /** `token`: only requests that carry a token get through. */
  readonly access: 'open' | 'token';
  /** The workload's state in the words its users know, for error texts. */
  readonly stateName: string;
}

export interface TokenGrant {
  /** `connection`: only as first path segment. `bearer`: also as header, cookie or query (`_plane_auth`). */
  readonly kind: 'connection' | 'bearer';
  readonly username?: string;
  /** JSON value, sent as ASCII JSON in `x-verified-user-data`. */
  readonly userData: unknown;
  readonly secret: string;
}

export interface EdgeOptions {
  /** Workloads are `<id>.<domain>`. */
  readonly domain: string;
  /** What clients use: scheme for `X-Forwarded-Proto`. */
  readonly publicUrl: string;
  /** How long a request may wait for its workload to get ready. */
  readonly holdMs: number;
  /** How long connecting to a ready workload is tried. */
  readonly connectMs: number;
  /** How long a client may take to send its request head. */
  readonly headTimeoutMs: number;
  /** How long a workload may take to answer an upgrade. */
  readonly handshakeTimeoutMs: number;
}
