import { ConnectionError } from '../errors.ts';
import { segment } from '../path.ts';
import type { LinesOptions, Transport } from '../transport.ts';

export type RestartPolicy = 'always' | 'on-failure' | 'never';

export interface ServiceDefinition {
  readonly cmd: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly dir?: string;
  readonly needs?: readonly string[];
  readonly http_port?: number | null;
  readonly restart?: RestartPolicy;
}

export interface ServiceRecord extends ServiceDefinition {
  readonly name: string;
  readonly args: readonly string[];
  readonly needs: readonly string[];
  readonly http_port: number | null;
  readonly state: {
    readonly status: 'stopped' | 'starting' | 'running' | 'stopping' | 'failed';
    readonly pid?: number;
    readonly started_at?: string;
    readonly error?: string;
    readonly restart_count?: number;
    readonly next_restart_at?: string;
  };
}

export interface ServiceEvent {
  readonly type: 'started' | 'stdout' | 'stderr' | 'exit' | 'error' | 'stopping' | 'stopped' | 'complete';
  /** Output, or what went wrong. */
  readonly data?: string;
  readonly exit_code?: number;
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  readonly log_files?: Readonly<Record<string, string>>;
}

/** Seconds; the server's own where one is absent. */
export interface ServiceTimes {
  /** How long output is told after the start. */
  readonly duration?: number;
  /** How long it may take to stop before it is killed. */
  readonly timeout?: number;
}

export interface LogRequest {
  /** The last ones; all when absent. */
  readonly lines?: number;
  /** How long new ones are told, seconds. */
  readonly duration?: number;
}

/** Beside what was asked for: dependencies that start, a stop that takes its time. */
const usualSilenceMs = 400_000;

/** Supervised processes of a sprite. The last event of each stream is `complete`. */
export class SpriteServices {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string) {
    this.#transport = transport;
    this.#path = `${path}/services`;
  }

  /** By name. */
  list(): Promise<ServiceRecord[]> {
    return this.#transport.get(this.#path);
  }

  /** @throws {ApiError} `service not found` */
  get(name: string): Promise<ServiceRecord> {
    return this.#transport.get(`${this.#path}/${segment(name)}`);
  }

  /** Makes or changes it, and runs it. @throws {ApiError} `invalid request body`, `invalid dependencies` and others */
  put(name: string, definition: ServiceDefinition, times: ServiceTimes = {}): AsyncGenerator<ServiceEvent> {
    return this.#events('PUT', segment(name), { ...times }, definition);
  }

  /** It is stopped first; its log stays. @throws {ApiError} `service not found`, `service in use` */
  async delete(name: string): Promise<void> {
    await this.#transport.delete(`${this.#path}/${segment(name)}`);
  }

  /** @throws {ApiError} `service not found` */
  start(name: string, times: ServiceTimes = {}): AsyncGenerator<ServiceEvent> {
    return this.#events('POST', `${segment(name)}/start`, { ...times });
  }

  /** @throws {ApiError} `service not found`, `service not running`, `service in use` */
  stop(name: string, times: ServiceTimes = {}): AsyncGenerator<ServiceEvent> {
    return this.#events('POST', `${segment(name)}/stop`, { ...times });
  }

  /** @throws {ApiError} `service not found` */
  restart(name: string, times: ServiceTimes = {}): AsyncGenerator<ServiceEvent> {
    return this.#events('POST', `${segment(name)}/restart`, { ...times });
  }

  /** @throws {ApiError} `service not found` */
  logs(name: string, { lines, duration }: LogRequest = {}): AsyncGenerator<ServiceEvent> {
    const query = { ...(lines !== undefined && { lines }), ...(duration !== undefined && { duration }) };
    return this.#events('GET', `${segment(name)}/logs`, query);
  }

  /** @throws {ApiError} `service not found`, `service not running`, `invalid signal` */
  async signal(name: string, signal: string): Promise<void> {
    await this.#transport.post(`${this.#path}/signal`, { name, signal });
  }

  async *#events(
    method: string,
    route: string,
    query: { readonly duration?: number; readonly timeout?: number; readonly lines?: number },
    body?: object,
  ): AsyncGenerator<ServiceEvent> {
    const times = Object.entries(query).map(([name, value]): [string, string] => [
      name,
      name === 'lines' ? String(value) : `${value}s`,
    ]);
    const text = times.length === 0 ? '' : `?${new URLSearchParams(times).toString()}`;
    const silenceMs = usualSilenceMs + 1000 * ((query.duration ?? 0) + (query.timeout ?? 0));
    const options: LinesOptions = { body, silenceMs };
    for await (const event of this.#transport.lines<ServiceEvent>(
      method,
      `${this.#path}/${route}${text}`,
      options,
    )) {
      yield event;
      if (event.type === 'complete') return;
    }
    throw new ConnectionError(this.#transport.url, 'the answer broke off; what was asked for may go on');
  }
}
