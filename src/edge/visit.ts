import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { answerAsOwner, answerError } from './answer.ts';
import type { Admittance, OwnAnswer } from './edge.ts';
import { type EdgeErrorDetails, type EdgeErrorName, edgeErrors, errorText } from './errors.ts';
import type { RequestHead } from './request-head.ts';

export interface VisitRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The client's socket when the request asks for an upgrade. */
  readonly tunnel: Socket | undefined;
  readonly id: string;
  readonly head: RequestHead;
  /** What the client calls the workload: the authority of the request. */
  readonly host: string;
  /** Path and query as sent. */
  readonly path: string;
}

/** A client's request to a workload, from its head until its response has ended or its tunnel is closed. */
export class Visit implements VisitRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly tunnel: Socket | undefined;
  readonly id: string;
  readonly head: RequestHead;
  readonly host: string;
  readonly path: string;
  /** Counts as open. Set by whoever counts. */
  counted = false;
  /** How failures are told from the owner's admittance on. */
  admittance: Exclude<Admittance, { refused: OwnAnswer }> | undefined;
  /** What to end when the client leaves; set by the stage that the visit is in. */
  onGone: (() => void) | undefined;
  #gone = false;

  /** @param ended called once, when the response has ended or the client has left */
  constructor(request: VisitRequest, ended: (visit: Visit) => void) {
    this.req = request.req;
    this.res = request.res;
    this.tunnel = request.tunnel;
    this.id = request.id;
    this.head = request.head;
    this.host = request.host;
    this.path = request.path;

    const closed = (): void => {
      if (this.#gone) return;
      this.#gone = true;
      this.onGone?.();
      ended(this);
    };
    if (this.tunnel !== undefined) {
      this.tunnel.once('close', closed);
      return;
    }
    this.res.on('close', closed);
    // A pipelined request has no socket of its own yet, and its response would not hear of the end of that one.
    if (this.res.socket === null) {
      const { socket } = this.req;
      socket.setMaxListeners(0);
      socket.once('close', closed);
      this.res.once('close', () => socket.off('close', closed));
    }
  }

  /** The client has left, or has its whole response. */
  get gone(): boolean {
    return this.#gone;
  }

  refuse(name: EdgeErrorName, details?: Omit<EdgeErrorDetails, 'id'>): void {
    if (this.#gone) return;
    this.onGone = undefined;
    const error = edgeErrors[name];
    if (this.admittance === undefined) {
      answerError(this.req, this.res, error, { ...details, id: this.id });
      return;
    }
    const { unreachable, context } = this.admittance;
    const message = name === 'unreachable' ? unreachable : errorText(error, { ...details, id: this.id });
    const short = STATUS_CODES[error.status]?.toLowerCase() ?? error.code;
    answerAsOwner(
      this.req,
      this.res,
      { status: error.status, body: { error: short, message, ...context } },
      this.id,
    );
  }

  /** Refuses it in the owner's words. */
  answer(own: OwnAnswer): void {
    if (this.#gone) return;
    this.onGone = undefined;
    answerAsOwner(this.req, this.res, own, this.id);
  }

  /** Ends it at once, so that the client sees that something is missing. */
  cut(): void {
    if (this.tunnel !== undefined) this.tunnel.destroy();
    else if (this.res.socket === null) this.req.socket.destroy();
    else this.res.destroy();
  }
}
