import { createHash } from 'node:crypto';
import type { Transport } from './transport.ts';

export interface Blob {
  readonly digest: string;
  readonly size: number;
}

export interface Manifest {
  readonly content: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

/** Sending or fetching one blob. */
const blobTimeoutMs = 4 * 3_600_000;

/** Every kind of manifest that a service may have. */
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** Pushes to and pulls from the registry of a server (OCI distribution 1.1), for one repository. */
export class RegistryRepository {
  readonly #transport: Transport;
  /** `<account>/<service>`. */
  readonly name: string;

  constructor(transport: Transport, name: string) {
    this.#transport = transport;
    this.name = name;
  }

  async hasBlob(digest: string): Promise<boolean> {
    const response = await this.#send('HEAD', `blobs/${digest}`, { allow: [404] });
    return response.ok;
  }

  /**
   * Takes over a blob of another repository of the account.
   * @param from `<account>/<service>` @returns false where that one does not have it
   */
  async mountBlob(digest: string, from: string): Promise<boolean> {
    const query = new URLSearchParams({ mount: digest, from });
    const response = await this.#send('POST', `blobs/uploads/?${query.toString()}`, {});
    if (response.status === 201) return true;
    await this.#send('DELETE', locationOf(response), {});
    return false;
  }

  /**
   * Sends a blob as it comes; nothing is sent where the server has one of the digest that is given.
   * @param known its digest, where that is known beforehand
   */
  async pushBlob(
    content: AsyncIterable<Buffer>,
    {
      known,
      onBytes = () => {},
    }: { readonly known?: string; readonly onBytes?: (bytes: number) => void } = {},
  ): Promise<Blob> {
    const begun = await this.#send('POST', 'blobs/uploads/', {});
    const hash = createHash('sha256');
    let size = 0;
    const counted = async function* () {
      for await (const chunk of content) {
        hash.update(chunk);
        size += chunk.length;
        onBytes(size);
        yield chunk;
      }
    };
    const sent = await this.#send('PATCH', locationOf(begun), {
      body: ReadableStream.from(counted()),
      headers: { 'content-type': 'application/octet-stream' },
    });
    const digest = known ?? `sha256:${hash.digest('hex')}`;
    await this.#send('PUT', `${locationOf(sent)}?digest=${digest}`, {});
    return { digest, size };
  }

  /** A small blob, such as a configuration. */
  async readBlob(digest: string): Promise<Buffer> {
    const response = await this.#send('GET', `blobs/${digest}`, {});
    return Buffer.from(await response.arrayBuffer());
  }

  /** @param reference tag or digest @returns undefined where there is none */
  async manifest(reference: string): Promise<Manifest | undefined> {
    const response = await this.#send('GET', `manifests/${reference}`, {
      headers: { accept: manifestTypes },
      allow: [404],
    });
    if (!response.ok) return undefined;
    return {
      content: Buffer.from(await response.arrayBuffer()),
      mediaType: response.headers.get('content-type') ?? '',
      digest: response.headers.get('docker-content-digest') ?? '',
    };
  }

  /** @param reference tag, or its own digest @returns its digest */
  async putManifest(reference: string, content: Buffer, mediaType: string): Promise<string> {
    const response = await this.#send('PUT', `manifests/${reference}`, {
      body: content,
      headers: { 'content-type': mediaType },
    });
    return response.headers.get('docker-content-digest') ?? '';
  }

  /** @param path below the repository, or of the server when it begins with a slash */
  #send(
    method: string,
    path: string,
    options: {
      readonly body?: Buffer | ReadableStream;
      readonly headers?: Readonly<Record<string, string>>;
      readonly allow?: readonly number[];
    },
  ): Promise<Response> {
    const full = path.startsWith('/') ? path : `/v2/${this.name}/${path}`;
    return this.#transport.raw(method, full, { timeoutMs: blobTimeoutMs, ...options });
  }
}

function locationOf(response: Response): string {
  return response.headers.get('location') ?? '';
}
