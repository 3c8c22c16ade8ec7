import Fastify, { type FastifySchema, type HTTPMethods, type RouteOptions } from 'fastify';
import { schemaController } from './json.ts';

interface Route {
  readonly method: HTTPMethods | HTTPMethods[];
  readonly url: string;
  readonly schema?: FastifySchema;
}

/** The OpenAPI document of an app. What writes it is loaded when somebody asks: it would make each start later. */
export class ApiDocument {
  readonly #version: string;
  readonly #routes: Route[] = [];
  #written: Promise<object> | undefined;

  /** @param version of the server */
  constructor(version: string) {
    this.#version = version;
  }

  add({ method, url, schema }: RouteOptions): void {
    if (method !== 'HEAD') this.#routes.push({ method, url, ...(schema && { schema }) });
  }

  async write(): Promise<object> {
    this.#written ??= this.#write();
    return await this.#written;
  }

  /** By Fastify's own plugin, which reads the routes of an app: here one that is never served. */
  async #write(): Promise<object> {
    const { default: swagger } = await import('@fastify/swagger');
    const app = Fastify({
      schemaController,
      exposeHeadRoutes: false,
      routerOptions: { ignoreTrailingSlash: true },
    });
    await app.register(swagger, {
      openapi: { openapi: '3.1.0', info: { title: 'Berth', version: this.#version } },
    });
    for (const route of this.#routes) app.route({ ...route, handler: () => {} });
    await app.ready();
    return app.swagger();
  }
}
