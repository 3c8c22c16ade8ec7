import assert from 'node:assert/strict';
import { glob } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApp, type Dialect, registerDialect } from '../src/http/index.ts';
import { type ApiRoute, rerobotsRoutes, routeName, v1Pages, v1Routes, v2Routes } from './support/index.ts';

const dialects = await findDialects();

/** Jamsocket's published document, by its headings. */
const published = [
  'POST /user/{}/service',
  'GET /user/{}/services',
  'POST /user/{}/service/{}/spawn',
  'GET /backend/{}/logs',
  'GET /backend/{}/status/stream',
  'GET /backend/{}/status',
  'GET /backend/{}/ready',
  'POST /backend/{}/terminate',
];

test('every dialect is found', () => {
  const names = dialects.map(({ name }) => name);
  for (const name of ['berth', 'jamsocket v1', 'jamsocket v2', 'registry', 'rerobots', 'sprites'])
    assert.ok(names.includes(name), names.join(', '));
});

test('no path could be meant for two dialects', async () => {
  const all = await Promise.all(
    dialects.map(async dialect => ({ dialect, paths: new Set((await routesOf(dialect)).map(pathOf)) })),
  );
  for (const [n, one] of all.entries()) {
    for (const other of all.slice(n + 1)) {
      for (const path of one.paths) {
        const clash = [...other.paths].find(candidate => overlap(path, candidate));
        assert.equal(
          clash,
          undefined,
          `${path} of ${one.dialect.name} and ${clash} of ${other.dialect.name}`,
        );
      }
    }
  }
});

test('every route of the published document is there, with and without /v1', async () => {
  const routes = await routesOf(dialectNamed('jamsocket v1'));
  for (const route of published) {
    assert.ok(routes.includes(route), route);
    const versioned = route.replace(' ', ' /v1');
    assert.ok(routes.includes(versioned), versioned);
  }
});

test('every route that the other tests know is there, with and without /v1', async () => {
  const routes = await routesOf(dialectNamed('jamsocket v1'));
  for (const route of v1Routes) {
    const name = nameless(route);
    assert.ok(routes.includes(name), name);
    assert.ok(routes.includes(name.replace(' ', ' /v1')), name);
  }
});

test('the other tests know every route of version 1', async () => {
  const known = new Set([...v1Routes, ...v1Pages].map(nameless));
  const routes = await routesOf(dialectNamed('jamsocket v1'));
  const usual = (route: string) => route.replace('/v1', '').replace(/(cli|user)_/, '$1-');
  const unknown = routes.filter(route => / \/v1\//.test(route) && !known.has(usual(route)));
  assert.deepEqual(unknown, []);
});

test('the other tests know every route of version 2', async () => {
  const routes = await routesOf(dialectNamed('jamsocket v2'));
  assert.deepEqual(routes.toSorted(), v2Routes.map(nameless).toSorted());
});

test('the other tests know every route of the workspace API', async () => {
  const routes = await routesOf(dialectNamed('rerobots'));
  const known = new Set(rerobotsRoutes.map(nameless));
  const own = (name: string) => name.startsWith('OPTIONS ') || name.endsWith('/*') || name === 'GET /';
  const unknown = routes.filter(name => !own(name) && !known.has(name));
  // Of the rest each first segment has, for every method, a route that does not recognize it.
  assert.deepEqual(
    unknown.filter(name => name.split('/').length > 2),
    [],
  );
  for (const route of known) assert.ok(routes.includes(route), route);
});

function nameless(route: ApiRoute): string {
  return routeName(route).replace(/\{\w+\}/g, '{}');
}

function dialectNamed(name: string): Dialect<unknown> {
  const found = dialects.find(dialect => dialect.name === name);
  assert.ok(found, `no dialect ${name}`);
  return found;
}

async function findDialects(): Promise<Dialect<unknown>[]> {
  const folder = join(import.meta.dirname, '../src/dialects');
  const found: Dialect<unknown>[] = [];
  for await (const file of glob('*/index.ts', { cwd: folder })) {
    const exported = (await import(join(folder, file))) as Record<string, unknown>;
    found.push(...Object.values(exported).filter(isDialect));
  }
  return found;
}

function isDialect(value: unknown): value is Dialect<unknown> {
  return typeof value === 'object' && value !== null && 'prefixes' in value && 'register' in value;
}

/** `METHOD /path/{}` of each route that does something, refusals of other methods left out. */
async function routesOf(dialect: Dialect<unknown>): Promise<string[]> {
  const routes: string[] = [];
  const app = createApp({
    version: '0',
    serverFactory: () => createServer(),
    maxBodyBytes: 1,
    reportFault: () => {},
    closing: new AbortController().signal,
  });
  app.addHook('onRoute', ({ url, method, schema }) => {
    if (schema === undefined || [method].flat().includes('HEAD')) return;
    for (const name of [method].flat()) routes.push(`${name} ${url.replace(/:\w+/g, '{}')}`);
  });
  await registerDialect(app, dialect, standIn, () => {});
  await app.ready();
  await app.close();
  return routes;
}

/** Routes are only listed, never asked, so that a dialect's parts can be anything. */
const standIn: unknown = {
  settings: {
    publicUrl: 'http://localhost:1',
    domain: 'localhost',
    corsOrigins: '*',
    eventAddresses: '',
    rate: { token: 1, anonymous: 1, windowSeconds: 1 },
  },
  engine: { journal: { onEntry: () => {} }, workspaces: {} },
  identity: {},
};

function pathOf(route: string): string {
  return route.slice(route.indexOf(' ') + 1);
}

/** What follows `/v2/` is an account's name for the registry; no account is called like one of these. */
const reservedNames = new Set(['account', 'service', 'service-env', 'backend']);

/** Whether some path fits both patterns; `*` at the end of one stands for whatever follows. */
function overlap(a: string, b: string): boolean {
  const [as, bs] = [a.split('/'), b.split('/')];
  for (const [one, other] of [
    [as, bs],
    [bs, as],
  ] as const) {
    if (one.at(-1) !== '*') continue;
    const head = one.slice(0, -1);
    if (other.length > head.length) return overlap(head.join('/'), other.slice(0, head.length).join('/'));
  }
  const isReserved = as[1] === 'v2' && [as[2], bs[2]].some(part => reservedNames.has(part ?? ''));
  return (
    as.length === bs.length &&
    as.every((part, n) => part === bs[n] || ((part === '{}' || bs[n] === '{}') && !(n === 2 && isReserved)))
  );
}
