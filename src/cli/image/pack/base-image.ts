import type { BerthClient, RegistryRepository } from '../../../client/index.ts';
import { CommandError } from '../../command-error.ts';
import { parseTarget } from '../target.ts';
import { type Descriptor, goArchitecture, type ImageConfig } from './publish.ts';

/** What an image is built on. */
export interface BaseImage {
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  /** Repository that has them; undefined for nothing at all. */
  readonly repository?: RegistryRepository;
}

interface ManifestDocument {
  readonly manifests?: readonly { digest: string; platform?: { os?: string; architecture?: string } }[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** @param name `scratch`, or an image of the account: `SERVICE[:TAG]` or `SERVICE@DIGEST` @throws {CommandError} */
export async function findBase(client: BerthClient, account: string, name: string): Promise<BaseImage> {
  if (name === 'scratch') return { config: {}, layers: [] };
  const { service, reference = 'latest' } = parseTarget(name);
  const repository = client.registry(account, service);
  const { config, layers = [] } = await imageManifest(repository, name, reference);
  if (config === undefined) throw new CommandError(`${name} is no image that could be built on`);
  const content = JSON.parse((await repository.readBlob(config.digest)).toString('utf8')) as ImageConfig;
  return { config: content, layers: layers.map(ociNamed), repository };
}

async function imageManifest(
  repository: RegistryRepository,
  name: string,
  reference: string,
  depth = 0,
): Promise<ManifestDocument> {
  const found = await repository.manifest(reference);
  if (found === undefined) {
    throw new CommandError(
      `there is no image ${name}. See \`berth image list\`, or get one: berth image pull, import, create`,
    );
  }
  const document = JSON.parse(found.content.toString('utf8')) as ManifestDocument;
  if (document.manifests === undefined || depth > 3) return document;
  const suited = document.manifests.find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === goArchitecture(),
  );
  if (suited === undefined) throw new CommandError(`${name} has nothing for linux/${goArchitecture()}`);
  return imageManifest(repository, name, suited.digest, depth + 1);
}

/** As they are named in an OCI manifest, whatever they were in. */
function ociNamed({ mediaType, digest, size }: Descriptor): Descriptor {
  const isDocker = mediaType === 'application/vnd.docker.image.rootfs.diff.tar.gzip';
  return { mediaType: isDocker ? 'application/vnd.oci.image.layer.v1.tar+gzip' : mediaType, digest, size };
}
