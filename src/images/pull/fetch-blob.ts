import { createHash } from 'node:crypto';
import { ImageError } from '../errors.ts';
import type { Descriptor } from '../repositories/manifest.ts';
import type { Repository } from '../repositories/repository.ts';
import { bodyChunks } from './http-client.ts';
import { PullError } from './pull-error.ts';
import { patiently, type RemoteRepository } from './remote-repository.ts';

export interface FetchParts {
  readonly repository: Repository;
  readonly remote: RemoteRepository;
  readonly signal: AbortSignal;
  /** Bytes of the blob that are there. */
  readonly onBytes: (bytes: number) => void;
  readonly onRetry: (reason: string) => void;
}

/**
 * Brings a blob into a repository: as an upload whose id follows from the digest, so that a pull that was broken
 * off, by whatever, goes on where it was.
 * @returns false where it was there already, in this repository or another one of the account
 * @throws {PullError | ImageError}
 */
export async function fetchBlob(blob: Descriptor, parts: FetchParts): Promise<boolean> {
  const { repository, remote, signal, onBytes, onRetry } = parts;
  const { digest, sizeBytes } = blob;
  signal.throwIfAborted();
  if ((await repository.hasBlob(digest)) || (await repository.mount(digest))) {
    onBytes(sizeBytes);
    return false;
  }
  const id = uploadIdOf(digest);
  let reached = await repository.resumeUpload(id);
  // What an earlier pull has left may be anything.
  let isTrusted = reached === 0;
  const beginAnew = async () => {
    await repository.cancelUpload(id);
    reached = await repository.resumeUpload(id);
    isTrusted = true;
  };
  if (reached > sizeBytes) await beginAnew();

  await patiently(
    signal,
    async progressed => {
      onBytes(reached);
      while (reached < sizeBytes) {
        const { response, at } = await remote.blob(digest, reached, signal);
        if (at !== reached) await beginAnew();
        const before = reached;
        try {
          const source = counted(bodyChunks(response), blob, before, onBytes);
          reached = await repository.appendUpload(id, source, { at: before });
        } catch (error) {
          reached = await repository.uploadSize(id).catch(() => 0);
          if (reached > before) progressed();
          throw causeOf(error);
        }
        if (reached < sizeBytes)
          throw new PullError('unreachable', `the connection ended before ${digest} did`);
      }
      try {
        await repository.completeUpload(id, digest);
      } catch (error) {
        if (!(error instanceof ImageError) || error.code !== 'digest-invalid') throw error;
        if (isTrusted)
          throw new PullError('bad-answer', `the registry sent content that is not of ${digest}`);
        reached = await repository.resumeUpload(id);
        isTrusted = true;
        throw new PullError('unreachable', `what was there of ${digest} was damaged`);
      }
    },
    error => onRetry(error.message),
  );
  return true;
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  { digest, sizeBytes }: Descriptor,
  before: number,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let reached = before;
  for await (const chunk of chunks) {
    reached += chunk.length;
    if (reached > sizeBytes) {
      throw new PullError('bad-answer', `the registry sent more than the ${sizeBytes} bytes of ${digest}`);
    }
    onBytes(reached);
    yield chunk;
  }
}

/** An upload wraps what its source has failed with. */
function causeOf(error: unknown): unknown {
  const isCut = error instanceof ImageError && error.code === 'upload-cut';
  return isCut && error.cause instanceof PullError ? error.cause : error;
}

/** Of the form that uploads have. */
function uploadIdOf(digest: string): string {
  const hex = createHash('sha256').update(`pull ${digest}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
