import type { Socket } from 'node:net';
import type { Runtime } from './runtime.ts';

/** Optional ability: the server reaches what is inside a workload that runs. All throw `not-found` when it does not. */
export interface LooksInside {
  /** TCP ports that its processes listen on, each with one of them. */
  listeningPorts(id: string): Promise<ListeningPort[]>;
  /**
   * Opens a TCP connection from inside its network, where its loopback is its own; names are looked up as it would.
   * @throws {ConnectError} when there is none within `timeoutMs`, or what the signal was aborted with
   */
  connect(id: string, request: ConnectRequest): Promise<Socket>;
}

export interface ListeningPort {
  readonly port: number;
  /** IP that it is bound to: `127.0.0.1`, `0.0.0.0`, `::`, … */
  readonly address: string;
  /** As seen inside; 0 where no process could be told. */
  readonly pid: number;
  /**
   * As seen inside: that process, its parents, and the leaders of their sessions; empty where no process could be
   * told.
   */
  readonly lineage: readonly number[];
}

export interface ConnectRequest {
  /** A name or an IP. */
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What was asked for can't be reached. Its message may be shown. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
}

export function looksInside(runtime: Runtime): runtime is Runtime & LooksInside {
  return 'listeningPorts' in runtime;
}
