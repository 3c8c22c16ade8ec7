import type { ImageStore } from '../images/index.ts';
import { type Runtime, usesImages } from '../runtime/runtime.ts';

const nothing = { digests: new Set<string>(), layers: new Set<string>() };

/** Has the image store collect garbage until it is disposed of. Call when workloads of an earlier server are known. */
export function collectImages(
  images: ImageStore,
  runtime: Runtime,
  reportFault: (subject: string, error: unknown) => unknown,
): AsyncDisposable {
  const stop = new AbortController();
  const findInUse = async () => (usesImages(runtime) ? runtime.imagesInUse() : nothing);
  const collection = images.runCollection(findInUse, reportFault, stop.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await collection;
    },
  };
}
