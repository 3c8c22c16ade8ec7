import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { BerthError } from '../lib/errors.ts';
import { randomId } from '../lib/ids.ts';
import { ApiDocument } from './api-document.ts';
import type { Dialect } from './dialect.ts';
import { errorTable } from './error-table.ts';
import { errorBody, errorHandler, type ReportFault, sendError } from './errors.ts';
import { schemaController, speakJson } from './json.ts';
import { KnownPaths } from './known-paths.ts';

export interface AppOptions {
  /** Makes the one listener; requests that are not the edge's go to `toApp`. */
  readonly serverFactory: (toApp: (req: IncomingMessage, res: ServerResponse) => void) => Server;
  /** Of the server, for the API document. */
  readonly version: string;
  readonly maxBodyBytes: number;
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  readonly reportFault: ReportFault;
  /** Fires when the server stops: streams that would never end are cut. */
  readonly closing: AbortSignal;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Web pages of any origin may read what is answered at this path. */
    readonly anyOrigin?: boolean;
    /** Bodies come in time here, whatever limit of their own they have. */
    readonly readsWholeBody?: boolean;
  }
  interface FastifyInstance {
    readonly apiDocument: ApiDocument;
    readonly closing: AbortSignal;
    readonly knownPaths: KnownPaths;
  }
}

const longestPathParameter = 1_024;
const bodyTimeoutMs = 30_000;

/** The app that all dialects are registered in. */
export function createApp({
  serverFactory,
  version,
  maxBodyBytes,
  trustedProxies = [],
  reportFault,
  closing,
}: AppOptions): FastifyInstance {
  const app = Fastify({
    serverFactory: toApp => serverFactory(toApp),
    clientErrorHandler: () => {}, // what is no HTTP was answered by the listener, which the edge has, too
    bodyLimit: maxBodyBytes,
    schemaController,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    genReqId: () => `req_${randomId()}`,
    rewriteUrl: request => collapseLeadingSlashes(request.url ?? '/'),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: longestPathParameter },
    frameworkErrors: (_, request, reply) => {
      // No hook has run, and none will: everything is said here, for readers of any origin.
      reply.hijack();
      reply.raw.writeHead(errorTable.codes.invalid.status, {
        'x-request-id': request.id,
        'access-control-allow-origin': '*',
        'content-type': 'application/json',
      });
      reply.raw.end(errorBody(errorTable, 'invalid', 'the path is not well-formed, or too long', request.id));
    },
  });
  const apiDocument = new ApiDocument(version);
  app.addHook('onRoute', route => apiDocument.add(route));
  app.decorate('apiDocument', apiDocument);
  app.decorate('closing', closing);
  app.decorate('knownPaths', new KnownPaths());
  speakJson(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (request.is404) return answerUnrouted(request, reply);
    if (request.url.toLowerCase().includes('%00')) throw new BerthError('invalid', 'NUL in the path');
    // Told before anything else is looked at, so that a refused upload is not read.
    const { bodyLimit, config } = request.routeOptions;
    if (Number(request.headers['content-length'] ?? 0) > bodyLimit) {
      throw new BerthError('too-large', `the body has more than ${bodyLimit} bytes`);
    }
    if (bodyLimit === maxBodyBytes || config.readsWholeBody) limitBodyTime(request, reply);
    return undefined;
  });
  app.setErrorHandler(errorHandler(errorTable, reportFault));
  return app;
}

/**
 * Registers the routes of a dialect with its own wording of errors. Its paths then answer other methods with
 * 405 and `Allow`, and `OPTIONS` with 204.
 */
export async function registerDialect<Parts>(
  app: FastifyInstance,
  dialect: Dialect<Parts>,
  parts: Parts,
  reportFault: ReportFault,
): Promise<void> {
  for (const prefix of dialect.prefixes) {
    await app.register(
      async scope => {
        scope.setErrorHandler(errorHandler(dialect.errors, reportFault));
        scope.addHook('onRoute', ({ url, method, config }) => {
          app.knownPaths.add(url, [method].flat(), dialect.errors, config?.anyOrigin ?? false);
        });
        dialect.register(scope, parts);
      },
      { prefix },
    );
  }
}

/** A body that is read as a whole has to come in time; who streams one sees to that by itself. */
function limitBodyTime(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request;
  if (raw.complete || raw.headers['content-length'] === '0') return;
  if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) return;
  const timer = setTimeout(() => {
    const { errors } = request.server.knownPaths.find(request.url) ?? { errors: errorTable };
    sendError(reply, errors, 'too-slow', `the body did not come within ${bodyTimeoutMs / 1000} s`);
  }, bodyTimeoutMs);
  raw.once('end', () => clearTimeout(timer));
  raw.once('close', () => clearTimeout(timer));
}

/** No route takes the request: another method of a known path, or nothing at all. */
function answerUnrouted(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = request.server.knownPaths.find(request.url);
  if (known === undefined) {
    const words = request.server.knownPaths.wordingNear(request.url) ?? errorTable;
    return sendError(reply, words, 'not-found', 'there is nothing at this path');
  }
  reply.header('allow', known.allow);
  if (known.anyOrigin) reply.header('access-control-allow-origin', '*');
  if (request.method === 'OPTIONS') return reply.code(204).send();
  const message = `${request.method} is not allowed here, but ${known.allow}`;
  return sendError(reply, known.errors, 'method-not-allowed', message);
}

function collapseLeadingSlashes(url: string): string {
  return url.startsWith('//') ? `/${url.replace(/^\/+/, '')}` : url;
}
