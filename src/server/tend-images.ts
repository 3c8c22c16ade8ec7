import type { Logger } from 'pino';
import type { ReportFault } from '../http/index.ts';
import type { ImageStore } from '../images/index.ts';
import { type Runtime, usesImages } from '../runtime/runtime.ts';

const nothing = { digests: new Set<string>(), layers: new Set<string>() };

/**
 * Has the image store collect garbage, and unpack what is pushed where the runtime can run it, until it is disposed
 * of. Call when workloads of an earlier server are known.
 */
export function tendImages(
  images: ImageStore,
  runtime: Runtime,
  logger: Logger,
  reportFault: ReportFault,
): AsyncDisposable {
  const stop = new AbortController();
  images.setInUse(async () => (usesImages(runtime) ? runtime.imagesInUse() : nothing));
  const tasks = [images.runCollection(reportFault, stop.signal)];
  if (runtime.capabilities().images.includes('repository')) {
    const tell = (image: string, reason: string) =>
      logger.warn({ image, reason }, 'a pushed image can not be run');
    tasks.push(images.runUnpackAhead(tell, reportFault, stop.signal));
  }
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.all(tasks);
    },
  };
}
