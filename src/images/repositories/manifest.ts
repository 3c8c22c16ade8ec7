import { checkDigest, isDigest } from '../blobs/digest.ts';
import { ImageError } from '../errors.ts';
import { maxDescriptors } from '../limits.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

const imageTypes: ReadonlySet<string> = new Set([mediaTypes.ociManifest, mediaTypes.dockerManifest]);
const indexTypes: ReadonlySet<string> = new Set([mediaTypes.ociIndex, mediaTypes.dockerList]);

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** Of a manifest in an index. */
  readonly platform?: Platform;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export type Manifest = ImageManifest | ImageIndex;

interface Common {
  readonly mediaType: string;
  /** Digest of the manifest that it is about. */
  readonly subject?: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageManifest extends Common {
  readonly kind: 'image';
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Layer[];
}

export interface Layer extends Descriptor {
  /** Its content is elsewhere and is not pushed along. */
  readonly isForeign: boolean;
}

export interface ImageIndex extends Common {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

/**
 * Reads a manifest or index, OCI's or Docker's schema 2.
 * @param declaredType what its sender says it is; undefined where it says nothing
 * @throws {ImageError} `manifest-invalid`, `digest-invalid`
 */
export function parseManifest(content: Buffer, declaredType?: string): Manifest {
  const json = parseObject(content);
  if (json.schemaVersion !== 2) throw invalid('schemaVersion must be 2');
  const mediaType = mediaTypeOf(json, declaredType);
  const common = { mediaType, ...commonFields(json) };
  if (imageTypes.has(mediaType)) {
    // A manifest that can be read as an index too would be another thing to another client.
    if ('manifests' in json) throw invalid('an image manifest must not have manifests');
    const layers = list(json.layers, 'layers').map((item, at) => layer(item, `layers[${at}]`));
    return withArtifactType({ kind: 'image', config: descriptor(json.config, 'config'), layers, ...common });
  }
  if (indexTypes.has(mediaType)) {
    if ('config' in json || 'layers' in json) throw invalid('an index must not have config or layers');
    const manifests = list(json.manifests, 'manifests').map((item, at) => indexed(item, `manifests[${at}]`));
    return { kind: 'index', manifests, ...common };
  }
  throw invalid(`media type ${JSON.stringify(mediaType.slice(0, 200))} is not supported`);
}

function mediaTypeOf(json: Json, declaredType: string | undefined): string {
  const own = json.mediaType;
  if (own !== undefined && typeof own !== 'string') throw invalid('mediaType must be a string');
  const declared = declaredType?.split(';', 1).join().trim().toLowerCase();
  // A plain content type says nothing.
  const said = declared === undefined || declared === 'application/json' ? undefined : declared;
  if (own !== undefined && said !== undefined && own !== said) {
    throw invalid(`mediaType is ${JSON.stringify(own.slice(0, 200))}, but the content type ${said}`);
  }
  return own ?? said ?? ('manifests' in json ? mediaTypes.ociIndex : mediaTypes.ociManifest);
}

function commonFields(json: Json): Omit<Common, 'mediaType'> {
  const { artifactType, annotations, subject } = json;
  if (artifactType !== undefined && typeof artifactType !== 'string') {
    throw invalid('artifactType must be a string');
  }
  if (annotations !== undefined && !isStringRecord(annotations)) {
    throw invalid('annotations must be an object of strings');
  }
  return {
    ...(artifactType && { artifactType }),
    ...(annotations !== undefined && { annotations }),
    ...(subject !== undefined && subject !== null && { subject: descriptor(subject, 'subject').digest }),
  };
}

/** As the distribution specification has it: an image's type is that of its configuration where it names none. */
function withArtifactType(manifest: ImageManifest): ImageManifest {
  return { ...manifest, artifactType: manifest.artifactType ?? manifest.config.mediaType };
}

function layer(value: unknown, field: string): Layer {
  const { urls } = object(value, field);
  const isForeign = Array.isArray(urls) && urls.length > 0;
  return { ...descriptor(value, field), isForeign };
}

function indexed(value: unknown, field: string): Descriptor {
  const { platform } = object(value, field);
  const base = descriptor(value, field);
  if (platform === undefined || platform === null) return base;
  const { os, architecture, variant } = object(platform, `${field}.platform`);
  if (typeof os !== 'string' || typeof architecture !== 'string') {
    throw invalid(`${field}.platform must have os and architecture`);
  }
  return { ...base, platform: { os, architecture, ...(typeof variant === 'string' && { variant }) } };
}

function descriptor(value: unknown, field: string): Descriptor {
  const { mediaType, digest, size } = object(value, field);
  if (typeof mediaType !== 'string' || mediaType === '') throw invalid(`${field}.mediaType is missing`);
  if (typeof digest !== 'string') throw invalid(`${field}.digest is missing`);
  if (!isDigest(digest)) checkDigest(digest);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`${field}.size must be a number of bytes`);
  }
  return { mediaType, digest, sizeBytes: size };
}

type Json = Readonly<Record<string, unknown>>;

function parseObject(content: Buffer): Json {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw new ImageError('manifest-invalid', `the manifest is not JSON: ${(error as Error).message}`);
  }
  return object(value, 'the manifest');
}

function object(value: unknown, field: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${field} must be an object`);
  }
  return value as Json;
}

function list(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${field} must be a list`);
  if (value.length > maxDescriptors) throw invalid(`${field} has more than ${maxDescriptors} items`);
  return value;
}

function isStringRecord(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(item => typeof item === 'string')
  );
}

function invalid(message: string): ImageError {
  return new ImageError('manifest-invalid', message);
}
