import type { Edge, EdgeOptions, EdgeOwner } from './edge.ts';
import { HttpEdge } from './http-edge.ts';

export type { Edge, EdgeOptions, EdgeOwner, Route, TokenGrant } from './edge.ts';
export { answerClientError, hostOf, listenerOptions } from './listener.ts';

/** The edge in this process. The listener stays with the caller, see `listenerOptions`. */
export function createEdge(options: EdgeOptions, owner: EdgeOwner): Edge {
  return new HttpEdge(options, owner);
}
