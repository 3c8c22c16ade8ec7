import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { RegistryRepository } from '../../../client/index.ts';
import { magicBytes, packingOf } from '../../../lib/unpacked.ts';
import type { ImageOptions } from './image-options.ts';

export const ociTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  plain: 'application/vnd.oci.image.layer.v1.tar',
} as const;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A layer that the registry has. */
export interface PushedLayer {
  readonly descriptor: Descriptor;
  /** Digest of the plain archive. */
  readonly diffId: string;
}

/** The configuration of an image, as far as it is looked at here. */
export interface ImageConfig {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly rootfs?: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly [field: string]: unknown;
}

/** Images that are made of the same have the same digest, whenever they are made. */
const created = '1970-01-01T00:00:00Z';
/** Fast: the server is near, and its disk is not what is scarce. */
const gzipLevel = 4;

/** Packs a layer while it is sent. */
export async function pushLayer(
  registry: RegistryRepository,
  plain: AsyncIterable<Buffer>,
  onBytes: (packedBytes: number) => void,
): Promise<PushedLayer> {
  const hash = createHash('sha256');
  const hashed = async function* () {
    for await (const chunk of plain) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const gzip = createGzip({ level: gzipLevel });
  const packed = pipeline(hashed, gzip);
  const pushed = registry.pushBlob(gzip as AsyncIterable<Buffer>, { onBytes }).catch(error => {
    gzip.destroy(error as Error);
    throw error;
  });
  const [blob] = await settledBoth(pushed, packed);
  const descriptor = { mediaType: ociTypes.gzip, ...blob };
  return { descriptor, diffId: `sha256:${hash.digest('hex')}` };
}

/** Sends a layer that may be packed already, and is not packed again then. */
export async function pushAnyLayer(
  registry: RegistryRepository,
  content: AsyncIterable<Buffer>,
  onBytes: (packedBytes: number) => void,
): Promise<Descriptor> {
  const chunks = content[Symbol.asyncIterator]();
  const start: Buffer[] = [];
  while (Buffer.concat(start).length < magicBytes) {
    const next = await chunks.next();
    if (next.done) break;
    start.push(next.value);
  }
  const whole = async function* () {
    yield* start;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  };
  const packing = packingOf(Buffer.concat(start).subarray(0, magicBytes));
  if (packing === 'plain') return (await pushLayer(registry, whole(), onBytes)).descriptor;
  return { mediaType: ociTypes[packing], ...(await registry.pushBlob(whole(), { onBytes })) };
}

/** Where both fail, what the registry said is told. */
async function settledBoth<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return [one.value, other.value];
}

/** @param base whose fields stay, but for what the options say otherwise */
export function configWith(
  { command, env, workdir, user }: ImageOptions,
  diffIds: readonly string[],
  base: ImageConfig = {},
): ImageConfig {
  const { config = {} } = base;
  const variables = new Map(
    [
      ...(Array.isArray(config.Env) ? (config.Env as string[]) : []),
      ...Object.entries(env ?? {}).map(pair => pair.join('=')),
    ].map(text => [text.split('=', 1).join(), text]),
  );
  return {
    architecture: goArchitecture(),
    os: 'linux',
    ...base,
    created,
    config: {
      ...config,
      ...(variables.size > 0 && { Env: [...variables.values()] }),
      // A command stands for itself: what the base would start with it is left out.
      ...(command !== undefined && { Entrypoint: null, Cmd: command }),
      ...(workdir !== undefined && { WorkingDir: workdir }),
      ...(user !== undefined && { User: user }),
    },
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
}

export function hasCommand({ config = {} }: ImageConfig): boolean {
  const length = (value: unknown) => (Array.isArray(value) ? value.length : 0);
  return length(config.Entrypoint) + length(config.Cmd) > 0;
}

/** Sends the configuration and the manifest. @returns digest of the image */
export async function publish(
  registry: RegistryRepository,
  tag: string,
  config: ImageConfig,
  layers: readonly Descriptor[],
): Promise<string> {
  const content = Buffer.from(JSON.stringify(config));
  const blob = await registry.pushBlob(ReadableStream.from([content]));
  const manifest = {
    schemaVersion: 2,
    mediaType: ociTypes.manifest,
    config: { mediaType: ociTypes.config, ...blob },
    layers,
  };
  return registry.putManifest(tag, Buffer.from(JSON.stringify(manifest)), ociTypes.manifest);
}

/** Of this machine, as images name it. */
export function goArchitecture(): string {
  return ({ x64: 'amd64', ia32: '386' } as Record<string, string>)[process.arch] ?? process.arch;
}
