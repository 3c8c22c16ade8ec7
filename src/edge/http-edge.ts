import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Admission, admitAsIs, decideAccess } from './access.ts';
import { answerError } from './answer.ts';
import { OpenConnections } from './connections.ts';
import type { Edge, EdgeOptions, EdgeOwner, Route } from './edge.ts';
import { edgeErrors } from './errors.ts';
import { Forward, type ForwardOptions } from './forward.ts';
import { hold } from './hold.ts';
import { WorkloadHosts } from './host.ts';
import { answerAuthRequest, isAuthRequest } from './plane-auth.ts';
import { readRequestHead } from './request-head.ts';
import { type RouteEntry, RouteTable } from './routes.ts';
import { readTarget, tokenOf } from './target.ts';
import { responseOver } from './upgrade.ts';
import { Visit } from './visit.ts';

/** The edge in the process of its owner. */
export class HttpEdge implements Edge {
  readonly #owner: EdgeOwner;
  readonly #holdMs: number;
  readonly #forwardOptions: ForwardOptions;
  readonly #hosts: WorkloadHosts;
  readonly #open: OpenConnections;
  readonly #routes: RouteTable;
  readonly #visits = new Set<Visit>();
  #closing: Promise<void> | undefined;
  /** Set while the edge is closing: the last visit has ended. */
  #onEmpty: (() => void) | undefined;

  constructor(options: EdgeOptions, owner: EdgeOwner) {
    this.#owner = owner;
    this.#holdMs = options.holdMs;
    this.#forwardOptions = {
      connectMs: options.connectMs,
      handshakeTimeoutMs: options.handshakeTimeoutMs,
      scheme: new URL(options.publicUrl).protocol.slice(0, -1),
    };
    this.#hosts = new WorkloadHosts(options.domain);
    this.#open = new OpenConnections((id, open) => owner.connectionsChanged(id, open));
    this.#routes = new RouteTable(owner, options.holdMs, id => this.#open.has(id));
  }

  claims(host: string | undefined): boolean {
    return this.#hosts.idOf(host) !== undefined;
  }

  request(req: IncomingMessage, res: ServerResponse): void {
    this.#receive(req, res, undefined);
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    // An HTTP server hands out its net or TLS socket here; Duplex is only what its type says.
    const client = socket as Socket;
    this.#receive(req, responseOver(req, client, head), client);
  }

  update(route: Route): void {
    this.#routes.update(route);
  }

  forget(id: string): void {
    this.#routes.forget(id);
  }

  close(drainMs: number): Promise<void> {
    this.#closing ??= this.#drain(drainMs);
    return this.#closing;
  }

  #receive(req: IncomingMessage, res: ServerResponse, tunnel: Socket | undefined): void {
    // Its end has been told already, and nobody would end the visit.
    if (req.socket.destroyed) return;
    const head = readRequestHead(req.rawHeaders);
    const target = readTarget(req.url);
    const host = target?.authority ?? head.host;
    const id = this.#hosts.idOf(host);
    const problem = head.problem ?? upgradeBodyProblem(tunnel, head);
    if (target === undefined || host === undefined || id === undefined || problem !== undefined) {
      res.shouldKeepAlive = false;
      const detail = problem ?? 'its target names no workload';
      answerError(req, res, edgeErrors.malformed, { id, detail });
      return;
    }
    if (this.#closing !== undefined) {
      res.shouldKeepAlive = false;
      answerError(req, res, edgeErrors.stopping, { id });
      return;
    }
    const visit = new Visit({ req, res, tunnel, id, head, host, path: target.path }, this.#ended);
    this.#visits.add(visit);
    // Pipelined requests take turns (RFC 9112, section 9.3.2), else one client could open very many connections
    // to its workload. A response gets its socket when it is its turn.
    if (res.socket === null) res.once('socket', () => this.#begin(visit));
    else this.#begin(visit);
  }

  #begin(visit: Visit): void {
    const entry = this.#routes.get(visit.id);
    if (entry?.pool !== undefined && entry.route.access === 'open' && tokenOf(visit.path) === undefined) {
      this.#count(visit);
      this.#forward(visit, entry, admitAsIs(visit));
    } else {
      this.#admitOrFail(visit);
    }
  }

  #admitOrFail(visit: Visit): void {
    this.#admit(visit, performance.now() + this.#holdMs).catch(() => visit.refuse('lookUpFailed'));
  }

  /** Every case that has to ask or to wait. Rejects when the owner fails to answer. */
  async #admit(visit: Visit, deadline: number): Promise<void> {
    for (;;) {
      const entry = this.#routes.get(visit.id) ?? (await this.#routes.find(visit.id));
      if (visit.gone) return;
      if (entry === undefined) return visit.refuse('unknown');
      const state = entry.route.stateName;
      if (entry.route.phase === 'ended') {
        return visit.refuse(visit.counted ? 'endedWhileHeld' : 'ended', { state });
      }

      if (entry.route.access === 'asks') return this.#ask(visit, entry);

      const find = async (token: string) =>
        entry.tokens.known(token) ?? entry.tokens.find(this.#owner, visit.id, token, this.#holdMs);
      if (entry.route.access === 'token' && isAuthRequest(visit)) {
        return answerAuthRequest(visit, this.#forwardOptions.scheme === 'https', find);
      }
      const decision = await decideAccess(visit, entry, find);
      if (visit.gone) return;
      if (decision.refused !== undefined) return visit.refuse(decision.refused);

      this.#count(visit);
      const outcome = await hold(entry, visit, deadline);
      if (visit.gone) return;
      switch (outcome) {
        case 'ready':
          return this.#forward(visit, entry, decision.admission);
        case 'ended':
          return visit.refuse('endedWhileHeld', { state: entry.route.stateName });
        case 'late':
          return visit.refuse('startLate', { state: entry.route.stateName });
        case 'forgotten':
          break;
      }
    }
  }

  /** The owner decides, and brings up what is to answer. */
  async #ask(visit: Visit, entry: RouteEntry): Promise<void> {
    this.#count(visit);
    const authorization = visit.head.authorization;
    const token = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    const admittance = await this.#owner.admit(visit.id, token);
    if (visit.gone) return;
    if (admittance.refused !== undefined) return visit.answer(admittance.refused);
    visit.admittance = admittance;
    entry.update({ ...entry.route, phase: 'ready', target: admittance.target });
    const admission = admitAsIs(visit);
    this.#forward(
      visit,
      entry,
      admittance.usedAuthorization ? { ...admission, authorization: undefined } : admission,
    );
  }

  #forward(visit: Visit, entry: RouteEntry, admission: Admission): void {
    new Forward(visit, entry, admission, this.#forwardOptions, () => this.#admitOrFail(visit)).start();
  }

  #count(visit: Visit): void {
    if (visit.counted) return;
    visit.counted = true;
    this.#open.enter(visit.id);
  }

  readonly #ended = (visit: Visit): void => {
    this.#visits.delete(visit);
    if (visit.counted) this.#open.leave(visit.id);
    if (this.#visits.size === 0) this.#onEmpty?.();
  };

  async #drain(drainMs: number): Promise<void> {
    // Clients that keep their connection would otherwise not notice that the server is going.
    for (const visit of this.#visits) visit.res.shouldKeepAlive = false;
    if (this.#visits.size > 0) {
      const empty = new Promise<void>(resolve => {
        this.#onEmpty = resolve;
      });
      const timer = setTimeout(() => {
        for (const visit of this.#visits) visit.cut();
      }, drainMs);
      await empty;
      clearTimeout(timer);
    }
    this.#routes.close();
  }
}

/** A body before the other protocol begins could not be told from that protocol. */
function upgradeBodyProblem(
  tunnel: Socket | undefined,
  head: { readonly chunked: boolean; readonly contentLength: string | undefined },
): string | undefined {
  if (tunnel === undefined) return undefined;
  return head.chunked || Number(head.contentLength ?? 0) > 0 ? 'an upgrade with a body' : undefined;
}
