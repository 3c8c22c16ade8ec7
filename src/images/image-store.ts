import { join } from 'node:path';
import { type ImageReference, type PreparedImage, RuntimeError } from '../runtime/runtime.ts';
import { type BaseMount, buildHostBase, type HostBase } from './host-base.ts';

/** The images of one data directory. For now its only image is the `host` base. */
export class ImageStore {
  readonly #folder: string;
  #host: Promise<HostBase> | undefined;

  constructor(options: { readonly dataDir: string }) {
    this.#folder = join(options.dataDir, 'images');
  }

  /**
   * Makes an image ready to run from.
   * @throws {RuntimeError} `image-error`
   */
  async prepare(reference: ImageReference, options: { signal: AbortSignal }): Promise<PreparedImage> {
    options.signal.throwIfAborted();
    if (reference.kind === 'repository') {
      const name = `${reference.repository}:${reference.reference}`;
      throw new RuntimeError('image-error', `image ${name} is not in the image store`);
    }
    const { layer, config } = await this.#hostBase();
    return { reference, layers: [layer], config };
  }

  /** What is mounted over the layers of an image, outermost first. */
  async mounts(reference: ImageReference): Promise<readonly BaseMount[]> {
    return reference.kind === 'host' ? (await this.#hostBase()).mounts : [];
  }

  #hostBase(): Promise<HostBase> {
    this.#host ??= buildHostBase(join(this.#folder, 'host')).catch(error => {
      this.#host = undefined;
      throw error;
    });
    return this.#host;
  }
}
