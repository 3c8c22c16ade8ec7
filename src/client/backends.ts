import { ApiError } from './errors.ts';
import { segment } from './path.ts';
import type { StreamOptions, Transport } from './transport.ts';

/** A live backend, as the list has it. */
export interface BackendSummary {
  readonly name: string;
  readonly service_name: string;
  readonly created_at: string;
  readonly status: string;
  readonly status_timestamp: string;
  readonly lock?: string;
  readonly cluster_name: string;
  readonly account_name: string;
}

export interface BackendDetails {
  readonly name: string;
  readonly service_name: string;
  readonly environment_name?: string;
  readonly account_name: string;
  readonly cluster_name: string;
  readonly created_at: string;
  readonly lock?: string;
  readonly image_digest: string;
  readonly max_mem_bytes?: number;
  /** Oldest first. */
  readonly statuses: readonly { readonly value: string; readonly timestamp: string }[];
}

export interface BackendState {
  readonly state: string;
  readonly time: string;
  readonly backend: string;
}

export interface LogOptions {
  /** Only the last n lines of what there is already. */
  readonly tail?: number | undefined;
  /** Goes on until the backend has ended; true when absent. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const endStates: ReadonlySet<string> = new Set([
  'ErrorLoading',
  'ErrorStarting',
  'TimedOutBeforeReady',
  'Failed',
  'Exited',
  'Swept',
  'Lost',
  'Terminated',
]);

export function hasEnded(state: string): boolean {
  return endStates.has(state);
}

export class Backends {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Those that have not ended, newest first. */
  async list(account: string): Promise<BackendSummary[]> {
    const path = `/user/${segment(account)}/backends`;
    return (await this.#transport.get<{ running_backends: BackendSummary[] }>(path)).running_backends;
  }

  get(id: string): Promise<BackendDetails> {
    return this.#transport.get(`/backend/${segment(id)}`);
  }

  status(id: string): Promise<BackendState> {
    return this.#transport.get(`/backend/${segment(id)}/status`);
  }

  /** Every state so far, then each new one; ends with the backend. */
  async *states(id: string, signal?: AbortSignal): AsyncGenerator<BackendState, void, undefined> {
    let last: BackendState | undefined;
    const finished = () => last !== undefined && hasEnded(last.state);
    const stream = this.#transport.stream(`/backend/${segment(id)}/status/stream`, { signal, finished });
    for await (const event of stream) {
      last = JSON.parse(event.data) as BackendState;
      yield last;
      if (finished()) return;
    }
  }

  /** Lines of both output streams in the order of their arrival. */
  async *logs(
    id: string,
    { tail, follow = true, signal }: LogOptions = {},
  ): AsyncGenerator<string, void, undefined> {
    const query = new URLSearchParams({ follow: String(follow) });
    if (tail !== undefined) query.set('tail', String(tail));
    const options: StreamOptions = { signal, finished: async () => !follow || (await this.#isOver(id)) };
    for await (const event of this.#transport.stream(
      `/backend/${segment(id)}/logs?${query.toString()}`,
      options,
    )) {
      yield event.data;
    }
  }

  /** Asks it to end; does not wait for the end. @throws {ApiError} `BackendNotRunning` */
  async terminate(id: string, options: { readonly hard?: boolean } = {}): Promise<void> {
    await this.#transport.post(`/backend/${segment(id)}/terminate`, options);
  }

  async #isOver(id: string): Promise<boolean> {
    try {
      return hasEnded((await this.status(id)).state);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return true;
      throw error;
    }
  }
}
