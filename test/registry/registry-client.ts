import { createHash } from 'node:crypto';
import { type Answer, adminToken, type SendOptions, type World } from '../support/index.ts';

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const ociConfig = 'application/vnd.oci.image.config.v1+json';
export const ociLayer = 'application/vnd.oci.image.layer.v1.tar';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** One repository of a test server, through its registry. */
export class TestRepository {
  readonly world: World;
  /** `<account>/<service>`. */
  readonly name: string;
  readonly #authorization: string;

  constructor(world: World, name: string, credentials = `admin:${adminToken}`) {
    this.world = world;
    this.name = name;
    this.#authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }

  /** The repository of a new service of the administrator. */
  static async make(world: World, service: string): Promise<TestRepository> {
    (await world.api('/user/admin/service', { body: { name: service } })).ok();
    return new TestRepository(world, `admin/${service}`);
  }

  /** @param path below the repository, or of the server when it begins with a slash */
  async send(method: string, path: string, options: Omit<SendOptions, 'method'> = {}): Promise<Answer> {
    return await this.world.api(path.startsWith('/') ? path : `/v2/${this.name}/${path}`, {
      ...options,
      method,
      token: null,
      headers: { authorization: this.#authorization, ...options.headers },
    });
  }

  async pushBlob(content: Buffer, mediaType = ociLayer): Promise<Descriptor> {
    const digest = digestOf(content);
    const answer = await this.send('POST', `blobs/uploads/?digest=${digest}`, {
      headers: { 'content-type': 'application/octet-stream' },
      body: content,
    });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`);
    return { mediaType, digest, size: content.length };
  }

  /** @returns where the upload is */
  async beginUpload(): Promise<string> {
    const answer = await this.send('POST', 'blobs/uploads/');
    if (answer.status !== 202) throw new Error(`${answer.status}: ${answer.text}`);
    return answer.headers.location ?? '';
  }

  async putManifest(reference: string, manifest: object | Buffer, type = ociManifest): Promise<Answer> {
    return await this.send('PUT', `manifests/${reference}`, {
      headers: { 'content-type': type },
      body: Buffer.isBuffer(manifest) ? manifest : json(manifest),
    });
  }

  /** Pushes an image of these layers, which are plain archives. @returns its digest */
  async pushImage(tag: string, layers: readonly Buffer[], config: object = {}): Promise<string> {
    const described = [];
    for (const layer of layers) described.push(await this.pushBlob(layer));
    const configuration = await this.pushBlob(imageConfig(layers, config), ociConfig);
    const answer = await this.putManifest(tag, imageManifest(configuration, described));
    if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`);
    return String(answer.headers['docker-content-digest']);
  }
}

export function imageConfig(layers: readonly Buffer[], config: object = {}): Buffer {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: layers.map(digestOf) };
  return json({ os: 'linux', architecture, config, rootfs });
}

export function imageManifest(config: Descriptor, layers: readonly Descriptor[], more: object = {}): object {
  return { schemaVersion: 2, mediaType: ociManifest, config, layers, ...more };
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

export function errorCode(answer: Answer): string | undefined {
  return answer.json<{ errors: { code: string }[] }>().errors[0]?.code;
}
