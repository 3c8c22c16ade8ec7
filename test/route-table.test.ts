import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  type ApiRoute,
  assertRefused,
  fill,
  forEachRuntime,
  registryRoutes,
  rerobotsRoutes,
  routeName,
  v1Pages,
  v1Routes,
  v2Routes,
} from './support/index.ts';

const settings = { 'rerobots.rate.anonymous': 0 };
const names = { account: 'admin', service: 'there-is-none', backend: 'none' };
/** Of those that some route has. */
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Every path under which a route of version 1 is known. */
function spellings(route: ApiRoute): ApiRoute[] {
  const old = route.path.replace(/^\/(cli|user)-/, '/$1_');
  const paths = new Set([route.path, old].flatMap(path => [path, `/v1${path}`]));
  return [...paths].map(path => ({ ...route, path }));
}

const jamsocket = [...v1Routes.flatMap(spellings), ...v2Routes];
const pages = v1Pages.flatMap(spellings);
const published = [...jamsocket, ...pages, ...registryRoutes];

/** All that the published tables have at a path. */
function methodsAt(path: string): Set<string> {
  const asked = fill(path, names);
  const fits = (pattern: string) => new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked);
  return new Set(published.filter(other => fits(other.path)).map(({ method }) => method));
}

function codeOf(answer: Answer): string | undefined {
  const body = answer.json<{ error?: { code: string }; errors?: { code: string }[] }>();
  return body.error?.code ?? body.errors?.[0]?.code;
}

forEachRuntime('every route of the published tables', { runtimes: ['process'], settings }, world => {
  const ask = (route: ApiRoute, method: string, token?: null) =>
    world.api(fill(route.path, names), { method, ...(token === null && { token }) });

  for (const route of jamsocket) {
    test(`${routeName(route)} is there, and asks for a token where it needs one`, async () => {
      const stranger = await ask(route, route.method, null);
      if (route.access === 'token') assertRefused(stranger, 401, 'InvalidAuth');
      else assert.notEqual(stranger.status, 401);
      // What it would do with a session or the attempt to log in has tests of its own.
      if (!route.path.includes('{')) return;
      const answer = await ask(route, route.method);
      assert.ok(answer.status < 500 && answer.status !== 405, `${answer.status}: ${answer.text}`);
      assert.doesNotMatch(answer.text, /there is nothing at this path/);
    });
  }

  for (const route of pages) {
    test(`${routeName(route)} is a page`, async () => {
      const { status, headers } = await ask(route, route.method, null);
      assert.ok([200, 302, 303, 404, 410].includes(status), `${status}`);
      if (status !== 302 && status !== 303) assert.match(String(headers['content-type']), /^text\/html/);
    });
  }

  for (const route of registryRoutes) {
    test(`${routeName(route)} is there, and asks for credentials`, async () => {
      const stranger = await ask(route, route.method, null);
      assert.equal(stranger.status, 401);
      assert.match(String(stranger.headers['www-authenticate']), /^(Bearer|Basic) realm=/);
      assert.equal(stranger.headers['docker-distribution-api-version'], 'registry/2.0');
      if (route.method !== 'HEAD') assert.equal(codeOf(stranger), 'UNAUTHORIZED');
      const answer = await ask(route, route.method);
      assert.ok(answer.status < 500 && answer.status !== 405, `${answer.status}: ${answer.text}`);
      assert.doesNotMatch(answer.text, /there is nothing at this path/);
    });
  }

  for (const route of rerobotsRoutes) {
    test(`${routeName(route)} is there, and asks for a token where it needs one`, async () => {
      const textOf = (answer: Answer) => (answer.text === '' ? '' : answer.json().error_message);
      const stranger = await ask(route, route.method, null);
      if (route.access === 'token') {
        assert.deepEqual([stranger.status, textOf(stranger)], [400, 'wrong authorization token']);
      } else assert.ok([200, 404].includes(stranger.status), stranger.text);
      const answer = await ask(route, route.method);
      assert.ok(answer.status < 500, `${answer.status}: ${answer.text}`);
      assert.notEqual(textOf(answer), 'unrecognized command');
      const here = rerobotsRoutes.filter(({ path }) => path === route.path).map(({ method }) => method);
      for (const method of methods.filter(other => !here.includes(other))) {
        const refused = await ask(route, method, null);
        assert.deepEqual([refused.status, textOf(refused)], [400, 'unrecognized command'], method);
      }
    });
  }

  for (const path of new Set(published.map(route => route.path))) {
    const known = methodsAt(path);
    test(`${path} refuses other methods than ${[...known].join(', ')}`, async () => {
      for (const method of methods.filter(other => !known.has(other))) {
        for (const options of [[], [null]] as const) {
          const answer = await ask({ method: 'GET', path, access: 'token' }, method, ...options);
          assert.equal(answer.status, 405, `${method}: ${answer.status} ${answer.text}`);
          assert.ok(['MethodNotAllowed', 'UNSUPPORTED'].includes(codeOf(answer) ?? ''), answer.text);
          const allowed = String(answer.headers.allow).split(', ');
          for (const name of known) assert.ok(allowed.includes(name), `${name} in Allow: ${allowed.join()}`);
          assert.ok(!allowed.includes(method), `${method} in Allow: ${allowed.join()}`);
        }
      }
    });
  }
});
