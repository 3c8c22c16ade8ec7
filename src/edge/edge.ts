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
  /**
   * Decides about one request to a route that `asks`, and brings up what is to answer it. Called after the
   * request counts as open.
   * @param token of its `Authorization: Bearer`
   */
  admit(id: string, token: string | undefined): Promise<Admittance>;
  /** The number of open requests and upgraded connections changed. Held requests count as open. */
  connectionsChanged(id: string, open: number): void;
}

export interface Route {
  readonly id: string;
  /** `pending`: requests are held. `ready`: forwarded. `ended`: new ones are refused, open ones go on. */
  readonly phase: 'pending' | 'ready' | 'ended';
  /** Present when `ready`. */
  readonly target?: { readonly host: string; readonly port: number };
  /**
   * `token`: only requests that carry a token get through. `asks`: each request is put before the owner, whatever
   * the phase, but for `ended`.
   */
  readonly access: 'open' | 'token' | 'asks';
  /** The workload's state in the words its users know, for error texts. */
  readonly stateName: string;
}

/** What the owner says of a request to a route that asks. */
export type Admittance =
  | {
      readonly target: { readonly host: string; readonly port: number };
      /** How long a refused connection is tried again; 0 = not at all. */
      readonly connectMs: number;
      /** How long the head of the response may take. */
      readonly responseMs: number;
      /** Its `Authorization` was meant for the owner: the workload does not get it. */
      readonly usedAuthorization: boolean;
      /** What is told when nothing accepts the connection. One line. */
      readonly unreachable: string;
      /** What every failure tells beside `error` and `message`. */
      readonly context: Readonly<Record<string, string | number | null>>;
      readonly refused?: never;
    }
  | { readonly refused: OwnAnswer };

/** An answer of the owner's own. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: Readonly<Record<string, string | number | null>>;
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
