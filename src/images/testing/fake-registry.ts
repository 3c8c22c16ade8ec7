import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from './layers.ts';

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';

type Auth = 'none' | 'basic' | 'bearer';

/** What a {@link FakeRegistry} does wrong, or otherwise than most. */
export interface Behaviour {
  auth?: Auth;
  /** It hangs up after so many bytes of a blob; each time. */
  cutBlobsAfter?: number;
  /** It always sends a blob from its beginning. */
  ignoresRanges?: boolean;
  /** So many requests for blobs are answered with 503. */
  busy?: number;
  /** Blobs are redirected here. */
  redirect?: string;
  /** It sends other bytes than those of the digest. */
  lies?: boolean;
  /** It sends so many bytes of a blob, and then nothing any more. */
  stallAfter?: number;
}

/** A registry that has one repository, `team/app`; user `bob`, password `s3cret` where it asks for them. */
export class FakeRegistry implements AsyncDisposable {
  readonly behaviour: Behaviour;
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { content: Buffer; type: string }>();
  /** Method and path, with the range where there is one. */
  readonly requests: string[] = [];
  /** Of the requests to this server. */
  readonly authorizations: (string | undefined)[] = [];
  readonly #server: Server;

  private constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(behaviour: Behaviour = {}): Promise<FakeRegistry> {
    const registry = new FakeRegistry(behaviour);
    registry.#server.listen(0, '127.0.0.1');
    await once(registry.#server, 'listening');
    return registry;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** @returns its digest */
  putBlob(content: Buffer): string {
    this.blobs.set(sha256(content), content);
    return sha256(content);
  }

  /** @returns its digest */
  putManifest(manifest: object, tag?: string, type = ociManifest): string {
    const content = Buffer.from(JSON.stringify(manifest));
    for (const name of [sha256(content), ...(tag === undefined ? [] : [tag])]) {
      this.manifests.set(name, { content, type });
    }
    return sha256(content);
  }

  /** @returns digest of the manifest */
  putImage(layers: readonly Buffer[], tag?: string, architecture = goArchitecture()): string {
    const rootfs = { type: 'layers', diff_ids: layers.map(sha256) };
    const config = Buffer.from(
      JSON.stringify({ os: 'linux', architecture, config: { Cmd: ['/x'] }, rootfs }),
    );
    return this.putManifest(
      {
        schemaVersion: 2,
        mediaType: ociManifest,
        config: descriptor('application/vnd.oci.image.config.v1+json', config, this.putBlob(config)),
        layers: layers.map(layer =>
          descriptor('application/vnd.oci.image.layer.v1.tar', layer, this.putBlob(layer)),
        ),
      },
      tag,
    );
  }

  /** @param images architecture -> digest */
  putIndex(images: Readonly<Record<string, string>>, tag?: string): string {
    const manifests = Object.entries(images).map(([architecture, digest]) => ({
      mediaType: ociManifest,
      digest,
      size: this.manifests.get(digest)?.content.length ?? 0,
      platform: { os: 'linux', architecture },
    }));
    return this.putManifest({ schemaVersion: 2, mediaType: ociIndex, manifests }, tag, ociIndex);
  }

  #answer(request: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(request.url ?? '/', this.url);
    const { range, authorization } = request.headers;
    this.requests.push(`${request.method} ${url.pathname}${range === undefined ? '' : ` ${range}`}`);
    this.authorizations.push(authorization);
    const answer = (status: number, headers: Record<string, string> = {}, body?: Buffer | string) =>
      response.writeHead(status, headers).end(body);

    if (url.pathname === '/token') {
      const isBob = authorization === basic;
      if (!isBob || url.searchParams.get('scope') !== 'repository:team/app:pull') return answer(401);
      return answer(200, {}, JSON.stringify({ token: 'a-token' }));
    }
    const { auth = 'none' } = this.behaviour;
    const wanted = { none: authorization, basic, bearer: 'Bearer a-token' }[auth];
    if (authorization !== wanted) {
      const challenge =
        auth === 'basic'
          ? 'Basic realm="x, y"'
          : `Bearer realm="${this.url}/token",service="fake",scope="ignored"`;
      return answer(401, { 'www-authenticate': challenge });
    }
    const [, kind, name = ''] = /^\/v2\/team\/app\/(manifests|blobs)\/(.+)$/.exec(url.pathname) ?? [];
    const manifest = kind === 'manifests' ? this.manifests.get(name) : undefined;
    if (manifest !== undefined) return answer(200, { 'content-type': manifest.type }, manifest.content);
    const blob = kind === 'blobs' ? this.blobs.get(name) : undefined;
    if (blob === undefined) return answer(404, {}, '{"errors":[]}');
    return this.#sendBlob(blob, name, range, response);
  }

  #sendBlob(blob: Buffer, name: string, range: string | undefined, response: ServerResponse): unknown {
    const { behaviour } = this;
    if (behaviour.redirect !== undefined) {
      return response.writeHead(307, { location: behaviour.redirect + name }).end();
    }
    if ((behaviour.busy ?? 0) > 0) {
      behaviour.busy = (behaviour.busy ?? 0) - 1;
      return response.writeHead(503, { 'retry-after': '0' }).end();
    }
    const start = behaviour.ignoresRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const content = Buffer.from(blob.subarray(start));
    if (behaviour.lies) content.fill('?');
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': content.length,
      ...(start > 0 && { 'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}` }),
    });
    const most = behaviour.cutBlobsAfter ?? behaviour.stallAfter ?? content.length;
    if (content.length <= most) return response.end(content);
    return response.write(content.subarray(0, most), () => {
      if (behaviour.stallAfter !== undefined) return;
      // Together with the end, the client would be told of that alone.
      setTimeout(() => response.socket?.destroySoon(), cutDelayMs);
    });
  }
}

/** From the last byte that is sent to the end of the connection. */
const cutDelayMs = 50;
const basic = `Basic ${Buffer.from('bob:s3cret').toString('base64')}`;

function descriptor(mediaType: string, content: Buffer, digest: string) {
  return { mediaType, digest, size: content.length };
}

/** Of this machine, as images name it. */
export function goArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
