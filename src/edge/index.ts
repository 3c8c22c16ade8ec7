import type { Edge, EdgeOptions, EdgeOwner } from './edge.ts';
import { HttpEdge } from './http-edge.ts';

export type { Admittance, Edge, EdgeOptions, EdgeOwner, OwnAnswer, Route, TokenGrant } from './edge.ts';
export { answerClientError, hostOf, listenerOptions } from './listener.ts';
export { responseOver } from './upgrade.ts';

/** The edge in this process. The listener stays with the caller, see `listenerOptions`. */
export function createEdge(options: EdgeOptions, owner: EdgeOwner): Edge {
  return new HttpEdge(options, owner);
}
