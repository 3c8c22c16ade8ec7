import type { EdgeOwner, Route } from './edge.ts';
import { limits } from './limits.ts';
import { TokenCache } from './tokens.ts';
import { UpstreamPool } from './upstream/pool.ts';
import { within } from './within.ts';

/** A workload as the edge knows it. */
export class RouteEntry {
  readonly tokens = new TokenCache();
  #route: Route;
  #pool: UpstreamPool | undefined;
  #forgotten = false;
  readonly #waiting = new Set<() => void>();

  constructor(route: Route) {
    this.#route = route;
  }

  get route(): Route {
    return this.#route;
  }

  /** No longer in the table: ask for the workload again. */
  get forgotten(): boolean {
    return this.#forgotten;
  }

  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  /** The connections to the workload; undefined when it is not ready. */
  get pool(): UpstreamPool | undefined {
    const { phase, target } = this.#route;
    if (phase !== 'ready' || target === undefined || this.#forgotten) return undefined;
    this.#pool ??= new UpstreamPool(target);
    return this.#pool;
  }

  /** Calls `changed` at every change until the returned function is called. */
  watch(changed: () => void): () => void {
    this.#waiting.add(changed);
    return () => this.#waiting.delete(changed);
  }

  update(route: Route): void {
    const before = this.#route;
    this.#route = route;
    const same =
      route.phase === 'ready' &&
      before.target?.host === route.target?.host &&
      before.target?.port === route.target?.port;
    if (!same) this.#closePool();
    this.#tell();
  }

  forget(): void {
    this.#forgotten = true;
    this.#closePool();
    this.#tell();
  }

  #closePool(): void {
    this.#pool?.close();
    this.#pool = undefined;
  }

  #tell(): void {
    for (const changed of this.#waiting) changed();
  }
}

interface LookUp {
  found: Promise<RouteEntry | undefined> | undefined;
}

/** The workloads that the edge has heard of, bounded; others are asked for. */
export class RouteTable {
  readonly #entries = new Map<string, RouteEntry>();
  readonly #lookUps = new Map<string, LookUp>();
  /** When an id without a workload may be asked for again, in ms of `performance.now()`. */
  readonly #unknownUntil = new Map<string, number>();
  readonly #owner: EdgeOwner;
  readonly #limitMs: number;
  readonly #isOpen: (id: string) => boolean;

  /**
   * @param limitMs how long the owner may take
   * @param isOpen whether a workload has open requests, so that it is not pushed out of the table
   */
  constructor(owner: EdgeOwner, limitMs: number, isOpen: (id: string) => boolean) {
    this.#owner = owner;
    this.#limitMs = limitMs;
    this.#isOpen = isOpen;
  }

  get(id: string): RouteEntry | undefined {
    return this.#entries.get(id);
  }

  /** Asks the owner, once for concurrent requests. Rejects when the owner fails or is late. */
  async find(id: string): Promise<RouteEntry | undefined> {
    const unknownUntil = this.#unknownUntil.get(id);
    if (unknownUntil !== undefined) {
      if (performance.now() < unknownUntil) return undefined;
      this.#unknownUntil.delete(id);
    }
    return this.#lookUps.get(id)?.found ?? this.#lookUp(id);
  }

  update(route: Route): void {
    this.#unknownUntil.delete(route.id);
    const entry = this.#entries.get(route.id);
    if (entry === undefined) this.#add(route);
    else entry.update(route);
  }

  forget(id: string): void {
    this.#unknownUntil.delete(id);
    // A look-up under way may bring what is to be forgotten: it finds itself replaced and asks again.
    this.#lookUps.delete(id);
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    entry?.forget();
  }

  close(): void {
    for (const id of this.#entries.keys()) this.forget(id);
  }

  #lookUp(id: string): Promise<RouteEntry | undefined> {
    const lookUp: LookUp = { found: undefined };
    this.#lookUps.set(id, lookUp);
    lookUp.found = this.#ask(id, lookUp).finally(() => {
      if (this.#lookUps.get(id) === lookUp) this.#lookUps.delete(id);
    });
    return lookUp.found;
  }

  async #ask(id: string, lookUp: LookUp): Promise<RouteEntry | undefined> {
    const route = await within(this.#owner.lookUpRoute(id), this.#limitMs);
    // What the owner told meanwhile is newer than its answer.
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    if (this.#lookUps.get(id) !== lookUp) return this.find(id);
    if (route !== undefined) return this.#add(route);
    this.#rememberUnknown(id);
    return undefined;
  }

  #add(route: Route): RouteEntry {
    if (this.#entries.size >= limits.maxRoutes) this.#makeRoom();
    const entry = new RouteEntry(route);
    this.#entries.set(route.id, entry);
    return entry;
  }

  #makeRoom(): void {
    for (const [id, entry] of this.#entries) {
      if (entry.busy || this.#isOpen(id)) continue;
      this.forget(id);
      return;
    }
  }

  #rememberUnknown(id: string): void {
    if (this.#unknownUntil.size >= limits.maxUnknownIds) this.#unknownUntil.clear();
    this.#unknownUntil.set(id, performance.now() + limits.unknownIdMs);
  }
}
