import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';
import { Compile, type Validator } from 'typebox/schema';
import { asciiJson } from '../lib/ascii-json.ts';
import { BerthError } from '../lib/errors.ts';

/** Makes an app speak JSON by the rules of {@link parseJsonBody} and check it with TypeBox schemas. */
export function speakJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_: FastifyRequest, body: string) => parseJsonBody(body),
  );
  app.addContentTypeParser('*', { parseAs: 'string' }, async (request: FastifyRequest, body: string) => {
    if (body === '') return {};
    const found = request.headers['content-type'] ?? 'none';
    throw new BerthError('unsupported-media-type', `content-type: must be application/json, not ${found}`);
  });
  app.setReplySerializer(asciiJson);
  app.setValidatorCompiler(compileSchema);
  app.addHook('onRequest', async request => {
    // A body without a type is taken as JSON; no body at all is an empty object, whatever its type.
    if (request.headers['content-length'] === '0') request.headers['content-type'] = 'application/json';
    request.headers['content-type'] ??= 'application/json';
  });
  app.addHook('preValidation', async request => {
    if (request.method === 'POST' && request.body === undefined) request.body = {};
  });
  app.addHook('onSend', async (_, reply) => {
    // Clients compare the header as a whole: no charset.
    if (String(reply.getHeader('content-type')).startsWith('application/json')) {
      reply.header('content-type', 'application/json');
    }
  });
}

/**
 * For Fastify's option `schemaController`: without, it loads Ajv and its own writer of JSON, which are not used
 * but make the start of the server late.
 */
export const schemaController = {
  compilersFactory: {
    buildValidator: () => compileSchema,
    buildSerializer: () => () => asciiJson,
  },
} as object as NonNullable<FastifyServerOptions['schemaController']>; // typed there as Ajv's own

/** At the first value: most schemas are never needed in the life of a server. */
function compileSchema({ schema }: { readonly schema: unknown }) {
  let validator: Validator | undefined;
  return (value: unknown) => {
    validator ??= Compile(schema as object);
    if (validator.Check(value)) return { value };
    const [, problems] = validator.Errors(value);
    return { error: new BerthError('invalid', describe(problems, value)) };
  };
}

/**
 * An empty body is `{}`, and `null` in a field means that it is absent.
 * @throws {BerthError} `invalid`
 */
export function parseJsonBody(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new BerthError('invalid', `the body is not JSON: ${(error as Error).message}`);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BerthError('invalid', 'the body must be a JSON object');
  }
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

interface SchemaProblem {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

/** Field, rule and value of the first problem, where it is deepest, such as `env.A must be string, not 1`. */
function describe(problems: readonly SchemaProblem[], value: unknown): string {
  const [first] = problems;
  if (first === undefined) return 'the request does not fit the schema';
  // What fits no part of a union is told for each of them; the one that got furthest was meant.
  const problem = problems.reduce((deepest, other) =>
    other.instancePath.startsWith(`${deepest.instancePath}/`) ? other : deepest,
  );
  const path = problem.instancePath.split('/').slice(1).map(unescapePointer);
  if (problem.keyword === 'required') {
    const { requiredProperties = [] } = problem.params as { requiredProperties?: string[] };
    return `${[...path, requiredProperties[0] ?? ''].join('.')} is missing`;
  }
  const found = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)?.[key], value);
  return `${path.join('.') || 'the body'} ${problem.message}, not ${abridge(found)}`;
}

function unescapePointer(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

function abridge(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
