import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type HTTPMethods } from 'fastify';
import { BerthError } from '../lib/errors.ts';
import { randomId } from '../lib/ids.ts';
import type { Dialect } from './dialect.ts';
import { type ErrorTable, errorHandler, type ReportFault, sendError } from './errors.ts';
import { speakJson } from './json.ts';

export interface AppOptions {
  /** Makes the one listener; requests that are not the edge's go to `toApp`. */
  readonly serverFactory: (toApp: (req: IncomingMessage, res: ServerResponse) => void) => Server;
  /** Of the server, for the API document. */
  readonly version: string;
  readonly maxBodyBytes: number;
  /** Wording of errors outside all dialects, such as an unknown path. */
  readonly errors: ErrorTable;
  readonly reportFault: ReportFault;
  /** Fires when the server stops: streams that would never end are cut. */
  readonly closing: AbortSignal;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly closing: AbortSignal;
  }
}

const allMethods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const longestPathParameter = 1_024;

/** The app that all dialects are registered in. */
export async function createApp({
  serverFactory,
  version,
  maxBodyBytes,
  errors,
  reportFault,
  closing,
}: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    serverFactory: toApp => serverFactory(toApp),
    bodyLimit: maxBodyBytes,
    genReqId: () => `req_${randomId()}`,
    rewriteUrl: request => collapseLeadingSlashes(request.url ?? '/'),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: longestPathParameter },
    frameworkErrors: (error, _, reply) => sendError(reply, errors, 'invalid', error.message),
  });
  await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'Berth', version } } });
  app.decorate('closing', closing);
  speakJson(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (request.url.toLowerCase().includes('%00')) throw new BerthError('invalid', 'NUL in the path');
    // Told before anything else is looked at, so that a refused upload is not read.
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
      throw new BerthError('too-large', `the body has more than ${maxBodyBytes} bytes`);
    }
  });
  app.setErrorHandler(errorHandler(errors, reportFault));
  app.setNotFoundHandler((_, reply) =>
    sendError(reply, errors, 'not-found', 'there is nothing at this path'),
  );
  return app;
}

/**
 * Registers the routes of a dialect with its own wording of errors. Each path then answers other methods with
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
        const methodsOf = collectMethods(scope);
        dialect.register(scope, parts);
        for (const [path, methods] of methodsOf) {
          answerOtherMethods(scope, path.slice(prefix.length), methods, dialect.errors);
        }
      },
      { prefix },
    );
  }
}

function collectMethods(scope: FastifyInstance): Map<string, Set<string>> {
  const methodsOf = new Map<string, Set<string>>();
  scope.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set<string>();
    for (const name of [method].flat()) methods.add(name);
    methodsOf.set(url, methods);
  });
  return methodsOf;
}

function answerOtherMethods(
  scope: FastifyInstance,
  url: string,
  methods: ReadonlySet<string>,
  errors: ErrorTable,
): void {
  const known = new Set(methods);
  const allow = [...known, 'OPTIONS'].filter((name, at, all) => all.indexOf(name) === at).join(', ');
  const others = allMethods.filter(method => !known.has(method) && method !== 'OPTIONS');
  if (others.length > 0) {
    scope.route({
      method: [...others],
      url,
      handler: (request, reply) => {
        reply.header('allow', allow);
        sendError(reply, errors, 'method-not-allowed', `${request.method} is not allowed here, but ${allow}`);
      },
    });
  }
  if (!known.has('OPTIONS')) {
    scope.options(url, (_, reply) => void reply.code(204).header('allow', allow).send());
  }
}

function collapseLeadingSlashes(url: string): string {
  return url.startsWith('//') ? `/${url.replace(/^\/+/, '')}` : url;
}
