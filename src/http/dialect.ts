import type { FastifyInstance } from 'fastify';
import type { ErrorTable } from './errors.ts';

/** One HTTP API in front of the engine: routes that each parse, call one engine function, and map the result. */
export interface Dialect<Parts> {
  readonly name: string;
  /** How this API words errors. */
  readonly errors: ErrorTable;
  /** Path prefixes under which all its routes are served; `''` = as they are. */
  readonly prefixes: readonly string[];
  register(app: FastifyInstance, parts: Parts): void;
}
