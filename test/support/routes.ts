/** What a route lets in. */
export type Access = 'token' | 'everybody';

export interface ApiRoute {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{account}`, `{service}`, `{backend}` and others of {@link Names} where names stand. */
  readonly path: string;
  readonly access: Access;
  readonly stream?: boolean;
}

/** The routes of Jamsocket's version 1 that this server has, without `/v1` (spec/jamsocket.md, sections 3.1 and 3.3). */
export const v1Routes: readonly ApiRoute[] = [
  { method: 'GET', path: '/auth', access: 'token' },
  { method: 'POST', path: '/user/{account}/service', access: 'token' },
  { method: 'GET', path: '/user/{account}/services', access: 'token' },
  { method: 'GET', path: '/user/{account}/service/{service}', access: 'token' },
  { method: 'POST', path: '/user/{account}/service/{service}/delete', access: 'token' },
  { method: 'GET', path: '/user/{account}/service/{service}/image', access: 'token' },
  { method: 'GET', path: '/user/{account}/service/{service}/images', access: 'token' },
  { method: 'GET', path: '/service/{account}/{service}/image-name', access: 'token' },
  { method: 'POST', path: '/env/{account}/{service}/{environment}/update', access: 'token' },
  { method: 'POST', path: '/user/{account}/service/{service}/spawn', access: 'token' },
  { method: 'POST', path: '/user/{account}/service/{service}/token', access: 'token' },
  { method: 'DELETE', path: '/token/{token}', access: 'token' },
  { method: 'POST', path: '/token/{token}/spawn', access: 'everybody' },
  { method: 'GET', path: '/user/{account}/backends', access: 'token' },
  { method: 'GET', path: '/backend/{backend}', access: 'token' },
  { method: 'GET', path: '/backend/{backend}/logs', access: 'token', stream: true },
  { method: 'GET', path: '/backend/{backend}/metrics/stream', access: 'token', stream: true },
  { method: 'GET', path: '/backend/{backend}/status', access: 'everybody' },
  { method: 'GET', path: '/backend/{backend}/status/stream', access: 'everybody', stream: true },
  { method: 'GET', path: '/backend/{backend}/ready', access: 'everybody' },
  { method: 'POST', path: '/backend/{backend}/terminate', access: 'token' },
  { method: 'POST', path: '/service/{account}/{service}/terminate-backends', access: 'token' },
  { method: 'POST', path: '/cli-login', access: 'everybody' },
  { method: 'GET', path: '/cli-login/{attempt}/status/stream', access: 'everybody', stream: true },
  { method: 'POST', path: '/cli-login/{attempt}/complete', access: 'everybody' },
  { method: 'POST', path: '/cli-login/{attempt}/approve', access: 'token' },
  { method: 'POST', path: '/cli-login/{attempt}/deny', access: 'token' },
  { method: 'POST', path: '/user-session/{session}/delete', access: 'token' },
  { method: 'DELETE', path: '/user-session/{session}', access: 'token' },
];

/** Its pages for people, which answer in HTML. */
export const v1Pages: readonly ApiRoute[] = [
  { method: 'GET', path: '/ready/{backend}/{token}', access: 'everybody' },
  { method: 'GET', path: '/cli-login/{attempt}', access: 'everybody' },
];

/** The routes of version 2 (section 3.2). */
export const v2Routes: readonly ApiRoute[] = [
  { method: 'GET', path: '/v2/auth', access: 'token' },
  { method: 'POST', path: '/v2/account/{account}/service', access: 'token' },
  { method: 'GET', path: '/v2/account/{account}/services', access: 'token' },
  { method: 'GET', path: '/v2/account/{account}/backends', access: 'token' },
  { method: 'GET', path: '/v2/service/{account}/{service}', access: 'token' },
  { method: 'POST', path: '/v2/service/{account}/{service}/delete', access: 'token' },
  { method: 'GET', path: '/v2/service/{account}/{service}/images', access: 'token' },
  { method: 'GET', path: '/v2/service/{account}/{service}/image-name', access: 'token' },
  { method: 'POST', path: '/v2/service/{account}/{service}/update', access: 'token' },
  { method: 'POST', path: '/v2/service/{account}/{service}/{environment}/update', access: 'token' },
  { method: 'POST', path: '/v2/service-env/{account}/{service}/{environment}/update', access: 'token' },
  { method: 'POST', path: '/v2/service/{account}/{service}/environment', access: 'token' },
  { method: 'POST', path: '/v2/service/{account}/{service}/{environment}/delete', access: 'token' },
  { method: 'POST', path: '/v2/service/{account}/{service}/connect', access: 'token' },
  { method: 'POST', path: '/v2/service/{account}/{service}/{environment}/connect', access: 'token' },
  { method: 'GET', path: '/v2/backend/{backend}', access: 'token' },
  { method: 'GET', path: '/v2/backend/{backend}/logs', access: 'token', stream: true },
  { method: 'GET', path: '/v2/backend/{backend}/logs/stream', access: 'token', stream: true },
  { method: 'GET', path: '/v2/backend/{backend}/metrics/stream', access: 'token', stream: true },
  { method: 'GET', path: '/v2/backend/{backend}/status', access: 'everybody' },
  { method: 'GET', path: '/v2/backend/{backend}/status/stream', access: 'everybody', stream: true },
  { method: 'POST', path: '/v2/backend/{backend}/terminate', access: 'token' },
];

/** The registry's (section 4.9). */
export const registryRoutes: readonly ApiRoute[] = [
  { method: 'GET', path: '/v2', access: 'token' },
  { method: 'GET', path: '/registry/token', access: 'token' },
  ...(['GET', 'HEAD', 'PUT', 'DELETE'] as const).map(method => ofRepository(method, 'manifests/{reference}')),
  ...(['GET', 'HEAD', 'DELETE'] as const).map(method => ofRepository(method, 'blobs/{digest}')),
  ofRepository('POST', 'blobs/uploads'),
  ...(['GET', 'PUT', 'PATCH', 'DELETE'] as const).map(method =>
    ofRepository(method, 'blobs/uploads/{upload}'),
  ),
  ofRepository('GET', 'tags/list'),
  ofRepository('GET', 'referrers/{digest}'),
];

/** rerobots' (spec/rerobots.md, section 3), as far as this server has them. */
export const rerobotsRoutes: readonly ApiRoute[] = [
  { method: 'GET', path: '/workspaces', access: 'everybody' },
  { method: 'GET', path: '/deployments', access: 'everybody' },
  { method: 'GET', path: '/deployments/{type}', access: 'everybody' },
  { method: 'GET', path: '/deployment/{wd}', access: 'everybody' },
  { method: 'GET', path: '/queuelen/{wd}', access: 'everybody' },
  { method: 'GET', path: '/qlen', access: 'token' },
  { method: 'GET', path: '/qlen/{type}', access: 'token' },
  { method: 'GET', path: '/rules', access: 'token' },
  { method: 'GET', path: '/deployment/{wd}/rules', access: 'token' },
  { method: 'POST', path: '/deployment/{wd}/rule', access: 'token' },
  { method: 'DELETE', path: '/deployment/{wd}/rule/{rule}', access: 'token' },
  { method: 'POST', path: '/deployment/{wd}/lockout', access: 'token' },
  { method: 'DELETE', path: '/deployment/{wd}/lockout', access: 'token' },
  { method: 'POST', path: '/new', access: 'token' },
  { method: 'POST', path: '/new/{wd}', access: 'token' },
  { method: 'GET', path: '/instances', access: 'token' },
  { method: 'GET', path: '/instances/{type}', access: 'token' },
  { method: 'GET', path: '/instance/{instance}', access: 'token' },
  { method: 'GET', path: '/instance/{instance}/sshkey', access: 'token' },
  { method: 'POST', path: '/instance/{instance}/ka', access: 'token' },
  { method: 'POST', path: '/instance/{instance}/event', access: 'token' },
  { method: 'POST', path: '/terminate/{instance}', access: 'token' },
  { method: 'GET', path: '/firewall/{instance}', access: 'token' },
  { method: 'POST', path: '/firewall/{instance}', access: 'token' },
  { method: 'DELETE', path: '/firewall/{instance}', access: 'token' },
  { method: 'GET', path: '/reservations', access: 'token' },
  { method: 'DELETE', path: '/reservation/{reservation}', access: 'token' },
];

function ofRepository(method: ApiRoute['method'], path: string): ApiRoute {
  return { method, path: `/v2/{account}/{service}/${path}`, access: 'token' };
}

interface Names {
  readonly account?: string;
  readonly service?: string;
  readonly backend?: string;
  readonly environment?: string;
  readonly token?: string;
  /** Login of a command line. */
  readonly attempt?: string;
  readonly session?: string;
  readonly user?: string;
  /** Tag or digest. */
  readonly reference?: string;
  readonly digest?: string;
  readonly upload?: string;
  /** Of workspaces: their type, deployment, access rule, instance and place in the queue. */
  readonly type?: string;
  readonly wd?: string;
  readonly rule?: string;
  readonly instance?: string;
  readonly reservation?: string;
}

const uuid = '00000000-0000-4000-8000-000000000000';

/** Puts names into a path; where none is given for something without an account, one that could be. */
export function fill(path: string, names: Names): string {
  const token = 'x'.repeat(43);
  const image = { reference: 'latest', digest: `sha256:${'0'.repeat(64)}`, upload: uuid };
  const own = { environment: 'default', token, attempt: token, session: uuid, user: 'any' };
  const workspace = { type: 'any_type', wd: uuid, rule: '1', instance: uuid, reservation: uuid };
  const all: Names = { ...own, ...image, ...workspace, ...names };
  return path.replace(/\{(\w+)\}/g, (_, key: string) => {
    const name = all[key as keyof Names];
    if (name === undefined) throw new Error(`the path ${path} needs a name for ${key}`);
    return name;
  });
}

export function routeName({ method, path }: ApiRoute): string {
  return `${method} ${path}`;
}
