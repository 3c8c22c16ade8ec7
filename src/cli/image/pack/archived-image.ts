import type { RegistryRepository } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';
import { type Archive, eachMember } from './archive.ts';
import type { ImageOptions } from './image-options.ts';
import {
  configWith,
  type Descriptor,
  goArchitecture,
  type ImageConfig,
  publish,
  pushAnyLayer,
} from './publish.ts';

/** One image of an archive: what it is called there, and how it gets to a registry. */
export interface ArchivedImage {
  /** Such as `docker.io/library/web:1`. */
  readonly names: readonly string[];
  /** @param onBytes is told how much was sent @returns its digest */
  push(
    registry: RegistryRepository,
    tag: string,
    options: ImageOptions,
    onBytes: (bytes: number) => void,
  ): Promise<string>;
}

interface OciDescriptor extends Descriptor {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
}

interface OciDocument {
  readonly mediaType?: string;
  readonly manifests?: readonly OciDescriptor[];
  readonly config?: OciDescriptor;
  readonly layers?: readonly OciDescriptor[];
}

/** The images of an archive that is no root file system. @throws {CommandError} */
export function imagesOf(archive: Archive): ArchivedImage[] {
  return archive.kind === 'docker' ? dockerImages(archive) : ociImages(archive);
}

function ociImages(archive: Archive): ArchivedImage[] {
  const { manifests = [] } = parsed<OciDocument>(archive, 'index.json');
  return manifests.map(top => {
    const { annotations = {} } = top;
    const name = annotations['io.containerd.image.name'] ?? annotations['org.opencontainers.image.ref.name'];
    return {
      names: name === undefined ? [] : [name],
      push: async (registry, tag, options, onBytes) => {
        const digest = imageIn(archive, top);
        const content = documentOf(archive, blobName(digest));
        const manifest = JSON.parse(content.toString('utf8')) as OciDocument;
        const { config, layers = [] } = manifest;
        if (config === undefined) throw new CommandError(`${archive.path}: ${digest} is no image`);
        await pushBlobs(
          archive,
          registry,
          [config, ...layers].map(blob => blob.digest),
          onBytes,
        );
        const type = manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json';
        if (Object.keys(options).length === 0) return registry.putManifest(tag, content, type);
        const base = parsed<ImageConfig>(archive, blobName(config.digest));
        const own = layers.map(({ mediaType, digest: layer, size }) => ({
          mediaType: ociLayerType(mediaType),
          digest: layer,
          size,
        }));
        return publish(registry, tag, configWith(options, base.rootfs?.diff_ids ?? [], base), own);
      },
    };
  });
}

/** The image for this machine: the descriptor's own, or one of the index that it is of. */
function imageIn(archive: Archive, top: OciDescriptor, depth = 0): string {
  const { manifests } = parsed<OciDocument>(archive, blobName(top.digest));
  if (manifests === undefined) return top.digest;
  const there = manifests.filter(({ digest }) => archive.documents.has(blobName(digest)));
  const suited =
    there.find(({ platform }) => platform?.os === 'linux' && platform.architecture === goArchitecture()) ??
    (there.length === 1 ? there[0] : undefined);
  if (suited === undefined || depth > 3) {
    throw new CommandError(`${archive.path} has nothing for linux/${goArchitecture()}`);
  }
  return imageIn(archive, suited, depth + 1);
}

async function pushBlobs(
  archive: Archive,
  registry: RegistryRepository,
  digests: readonly string[],
  onBytes: (bytes: number) => void,
): Promise<void> {
  const missing = new Set<string>();
  for (const digest of digests) if (!(await registry.hasBlob(digest))) missing.add(digest);
  let sent = 0;
  if (missing.size > 0) {
    await eachMember(archive, async (name, content) => {
      const digest = `sha256:${name.slice('blobs/sha256/'.length)}`;
      if (!name.startsWith('blobs/sha256/') || !missing.has(digest)) return;
      const { size } = await registry.pushBlob(content, {
        known: digest,
        onBytes: bytes => onBytes(sent + bytes),
      });
      sent += size;
      missing.delete(digest);
    });
  }
  const [lacking] = missing;
  if (lacking !== undefined) throw new CommandError(`${archive.path} is not complete: it lacks ${lacking}`);
}

interface DockerImage {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers: readonly string[];
}

function dockerImages(archive: Archive): ArchivedImage[] {
  const images = parsed<readonly DockerImage[]>(archive, 'manifest.json');
  return images.map(({ Config: configName, RepoTags: tags, Layers: layers }) => ({
    names: tags ?? [],
    push: async (registry, tag, options, onBytes) => {
      const base = parsed<ImageConfig>(archive, configName);
      // Layers that are the same are links to one of them.
      const real = layers.map(name => linked(name, archive.links));
      const pushed = new Map<string, Descriptor>();
      let sent = 0;
      await eachMember(archive, async (name, content) => {
        if (!real.includes(name) || pushed.has(name)) return;
        const layer = await pushAnyLayer(registry, content, bytes => onBytes(sent + bytes));
        sent += layer.size;
        pushed.set(name, layer);
      });
      const descriptors = real.map(name => {
        const layer = pushed.get(name);
        if (layer !== undefined) return layer;
        throw new CommandError(`${archive.path} is not complete: it lacks ${name}`);
      });
      const config =
        Object.keys(options).length === 0 ? base : configWith(options, base.rootfs?.diff_ids ?? [], base);
      return publish(registry, tag, config, descriptors);
    },
  }));
}

function linked(name: string, links: ReadonlyMap<string, string>): string {
  const target = links.get(name);
  if (target === undefined) return name;
  const parts = [...name.split('/').slice(0, -1), ...target.split('/')];
  const path: string[] = [];
  for (const part of parts) {
    if (part === '..') path.pop();
    else if (part !== '.' && part !== '') path.push(part);
  }
  return path.join('/');
}

/** Docker's own names for what OCI calls otherwise. */
function ociLayerType(mediaType: string): string {
  const isGzip = mediaType === 'application/vnd.docker.image.rootfs.diff.tar.gzip';
  return isGzip ? 'application/vnd.oci.image.layer.v1.tar+gzip' : mediaType;
}

function blobName(digest: string): string {
  return digest.replace(/^sha256:/, 'blobs/sha256/');
}

function documentOf({ path, documents }: Archive, name: string): Buffer {
  const found = documents.get(name);
  if (found === undefined) throw new CommandError(`${path} is not complete: it lacks ${name}`);
  return found;
}

function parsed<Document>(archive: Archive, name: string): Document {
  try {
    return JSON.parse(documentOf(archive, name).toString('utf8')) as Document;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${archive.path}: ${name} is not JSON`);
  }
}
