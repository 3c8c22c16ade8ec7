import { setTimeout as delay } from 'node:timers/promises';
import { requestedStartMs, type ServicesLimits, youngServiceMs } from './limits.ts';
import type { ServiceProcesses } from './service-processes.ts';
import type { SandboxServices, ServiceView } from './services.ts';

/** What a request at a sandbox's host meets. */
export type PortState =
  /** No service has an HTTP port. */
  | { readonly kind: 'none'; readonly retryMs: number }
  | {
      readonly kind: 'open';
      readonly service: string;
      readonly port: number;
      /** For how long the service may still be about to listen. */
      readonly retryMs: number;
    }
  /** A user has stopped it. */
  | { readonly kind: 'stopped'; readonly service: string; readonly port: number }
  /** It did not start, or does not listen. */
  | { readonly kind: 'failed'; readonly service: string; readonly port: number; readonly error: string };

export interface RequestedPortParts {
  readonly limits: Pick<ServicesLimits, 'httpPortTimeoutMs' | 'supervision'>;
  readonly portAccepts: ServiceProcesses['portAccepts'];
}

type PortService = ServiceView & { readonly port: number };

/** Where something other than a service may listen: what was started just now gets a moment. */
const otherPortMs = 1_500;

/** The port of a sandbox's services that requests from outside go to. Starts the service for them. */
export class RequestedPort {
  readonly #services: SandboxServices;
  readonly #parts: RequestedPortParts;
  /** Which failed service was last started for a request, and when; ms of `performance.now()`. */
  readonly #tried = { service: '', atMs: Number.NEGATIVE_INFINITY };
  /** A start that requests wait for together. */
  #opening: Promise<PortState> | undefined;

  constructor(services: SandboxServices, parts: RequestedPortParts) {
    this.#services = services;
    this.#parts = parts;
  }

  async open(): Promise<PortState> {
    const service = this.#find();
    if (service === undefined) return { kind: 'none', retryMs: this.#isAnyYoung() ? otherPortMs : 0 };
    const { name, port, desired, state } = service;
    if (desired === 'stopped') return { kind: 'stopped', service: name, port };
    if (state.status === 'running') {
      return { kind: 'open', service: name, port, retryMs: Math.max(0, youngServiceMs - ageMs(service)) };
    }
    if (this.#opening === undefined && state.status !== 'starting' && !this.#mayTry(service)) {
      return { kind: 'failed', service: name, port, error: state.error ?? 'it failed' };
    }
    this.#opening ??= this.#start(service).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #start({ name, port }: PortService): Promise<PortState> {
    const { httpPortTimeoutMs, supervision } = this.#parts.limits;
    const over = new AbortController();
    const limitMs = httpPortTimeoutMs + supervision.needsTimeoutMs;
    const timer = setTimeout(() => over.abort(), limitMs);
    try {
      const request = await this.#services.start(name, 'wanted', over.signal);
      let error: string | undefined;
      let started = false;
      for await (const event of request.events({ windowMs: 0, signal: over.signal })) {
        if (event.type === 'started') started = true;
        if (event.type === 'error') error = event.text;
      }
      if (!started) error ??= `it did not start within ${limitMs / 1000}s`;
      else if (await this.#listens(name, port)) return { kind: 'open', service: name, port, retryMs: 0 };
      const now = this.#find();
      if (now?.desired === 'stopped') return { kind: 'stopped', service: name, port };
      error ??=
        now?.state.error ?? `port ${port} did not accept connections within ${httpPortTimeoutMs / 1000}s`;
      return { kind: 'failed', service: name, port, error };
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  /** While its process runs, or is started again by itself. */
  async #listens(name: string, port: number): Promise<boolean> {
    const { httpPortTimeoutMs: timeoutMs } = this.#parts.limits;
    const over = new AbortController();
    const look = async (): Promise<void> => {
      while (!over.signal.aborted && this.#find()?.name === name && isComingUp(this.#find())) {
        await delay(50, undefined, { signal: over.signal }).catch(() => {});
      }
      over.abort();
    };
    const looking = look();
    try {
      return await this.#parts.portAccepts(port, { timeoutMs, signal: over.signal });
    } finally {
      over.abort();
      await looking;
    }
  }

  /** A failed one is started at most once a second, however many requests there are. */
  #mayTry({ name, state }: PortService): boolean {
    if (state.status === 'stopped' && state.error === undefined) return true;
    if (state.status === 'stopping') return true;
    const now = performance.now();
    if (this.#tried.service === name && now - this.#tried.atMs < requestedStartMs) return false;
    Object.assign(this.#tried, { service: name, atMs: now });
    return true;
  }

  #find(): PortService | undefined {
    for (const service of this.#services.list()) {
      const { httpPort: port } = service.definition;
      if (port !== undefined) return { ...service, port };
    }
    return undefined;
  }

  #isAnyYoung(): boolean {
    return this.#services.list().some(service => isComingUp(service) && ageMs(service) < youngServiceMs);
  }
}

function isComingUp(service: ServiceView | undefined): boolean {
  return service?.state.status === 'running' || service?.state.status === 'starting';
}

function ageMs({ state }: ServiceView): number {
  return Date.now() - (state.startedAt?.getTime() ?? 0);
}
