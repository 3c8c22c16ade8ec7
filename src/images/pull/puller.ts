import { Turns } from '../../lib/turns.ts';
import { checkTag, type Repository, type RepositoryOwner } from '../repositories/repository.ts';
import { AddressGuard } from './address-guard.ts';
import type { PullCredentials } from './authorization.ts';
import { bareHost, HttpClient } from './http-client.ts';
import { pullLimits } from './limits.ts';
import { type PullEvent, PullProgress } from './progress.ts';
import { PullError } from './pull-error.ts';
import { type PulledImage, pullImage } from './pull-image.ts';
import type { RemoteReference } from './reference.ts';
import { RemoteRepository } from './remote-repository.ts';

export interface PullRequest {
  readonly reference: RemoteReference;
  /** That the image is to have here; none where it is absent. */
  readonly tag?: string | undefined;
  /** Used for this pull, and kept nowhere. */
  readonly credentials?: PullCredentials | undefined;
  readonly plainHttp: boolean;
  /** Whether the registry may be at an address that is not of the internet. */
  readonly mayBePrivate: boolean;
}

/** Pulls images from other registries into repositories. */
export class Puller {
  readonly #timeoutMs: number;
  /** By service and digest. */
  readonly #blobs = new Turns();
  /** How many run, by account. */
  readonly #running = new Map<string, number>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @throws {PullError | ImageError} */
  async pull(
    owner: RepositoryOwner,
    repository: Repository,
    { reference, tag, credentials, plainHttp, mayBePrivate }: PullRequest,
    tell: (event: PullEvent) => void,
    signal: AbortSignal,
  ): Promise<PulledImage> {
    if (tag !== undefined) checkTag(tag);
    const running = this.#running.get(owner.accountId) ?? 0;
    if (running >= pullLimits.pullsPerAccount) {
      throw new PullError('too-many-pulls', `${running} images are being pulled for this account already`);
    }
    this.#running.set(owner.accountId, running + 1);
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const either = AbortSignal.any([signal, timeout]);
    try {
      const registry = bareHost(new URL(`http://${reference.host}`));
      using http = new HttpClient(new AddressGuard({ mayBePrivate, registry }));
      const remote = new RemoteRepository(http, reference, { credentials, plainHttp });
      const parts = {
        repository,
        remote,
        progress: new PullProgress(tell),
        alone: <Result>(digest: string, task: () => Promise<Result>) =>
          orAborted(either, this.#blobs.run(`${owner.id} ${digest}`, task)),
        signal: either,
      };
      return await pullImage(reference.digest ?? reference.tag ?? 'latest', tag, parts);
    } catch (error) {
      if (timeout.aborted && !signal.aborted) {
        throw new PullError(
          'unreachable',
          `the pull took longer than ${Math.round(this.#timeoutMs / 60_000)} minutes`,
        );
      }
      throw error;
    } finally {
      const left = (this.#running.get(owner.accountId) ?? 1) - 1;
      if (left > 0) this.#running.set(owner.accountId, left);
      else this.#running.delete(owner.accountId);
    }
  }
}

/** A turn that is waited for no longer than the signal lets; when it comes, it finds that out by itself. */
async function orAborted<Result>(signal: AbortSignal, turn: Promise<Result>): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([turn, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
