import { ConnectionError } from './errors.ts';
import { segment } from './path.ts';
import type { Transport } from './transport.ts';

/** An image of a service, or an index of images. */
export interface ImageSummary {
  /** `<account>/<service>`. */
  readonly repository: string;
  readonly service: string;
  readonly digest: string;
  readonly media_type: string;
  readonly tags: readonly string[];
  readonly pushed_at: string;
  /** As it is packed. */
  readonly size_bytes: number;
}

export interface ImageUsage {
  readonly account: string;
  /** Of all images of the account, as they are packed. */
  readonly account_bytes: number;
  /** For administrators only. A limit of null is none. */
  readonly server?: {
    readonly packed_bytes: number;
    readonly upload_bytes: number;
    readonly unpacked_bytes: number;
    readonly max_packed_bytes: number | null;
    readonly max_unpacked_bytes: number | null;
    readonly free_disk_bytes: number;
  };
}

export interface PullRequest {
  /** `[HOST/]NAME[:TAG][@DIGEST]`, as Docker has it. */
  readonly image: string;
  readonly service: string;
  /** That it is to have here. */
  readonly tag?: string;
  readonly username?: string;
  readonly password?: string;
  readonly plain_http?: boolean;
}

export type PullEvent =
  | {
      readonly status: 'resolved';
      readonly digest: string;
      readonly blobs: number;
      readonly total_bytes: number;
    }
  | {
      readonly status: 'progress';
      readonly done_blobs: number;
      readonly blobs: number;
      readonly bytes: number;
      readonly total_bytes: number;
    }
  | { readonly status: 'retrying'; readonly digest: string; readonly reason: string }
  | PulledImage;

export interface PulledImage {
  readonly status: 'done';
  readonly service: string;
  readonly tag: string | null;
  readonly digest: string;
  readonly media_type: string;
  readonly image_digest: string;
  readonly size_bytes: number;
  readonly fetched_bytes: number;
}

export interface RemovedImage {
  readonly removed_tags: readonly string[];
  /** Of images that nothing names any more. */
  readonly removed_digests: readonly string[];
}

/** The images of an account's services. The account is the token's own, unless an administrator names another one. */
export class Images {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Newest first; at most a thousand. @throws {ApiError} `NotFound` (the service) */
  async list(
    options: { readonly account?: string; readonly service?: string } = {},
  ): Promise<ImageSummary[]> {
    const query = new URLSearchParams(options);
    return (await this.#transport.get<{ images: ImageSummary[] }>(`/berth/v1/images?${query.toString()}`))
      .images;
  }

  usage(account?: string): Promise<ImageUsage> {
    return this.#transport.get(`/berth/v1/images/usage${of(account)}`);
  }

  /**
   * Brings an image of another registry to a service; the last event is `done`.
   * @throws {ApiError} `NotFound` (the service), `ImageNotFound`, `RegistryDenied`, `RegistryUnreachable`,
   *   `AddressRefused`, `ImageUnsuitable`, `ImageStoreFull` and others
   */
  async *pull(request: PullRequest, account?: string, signal?: AbortSignal): AsyncGenerator<PullEvent> {
    const body = { ...request, ...(account !== undefined && { account }) };
    for await (const event of this.#transport.postLines<PullEvent>('/berth/v1/images/pull', body, signal)) {
      yield event;
      if (event.status === 'done') return;
    }
    throw new ConnectionError(
      this.#transport.url,
      'the answer broke off; the same pull again goes on from there',
    );
  }

  /** @param reference tag or digest @throws {ApiError} `NotFound` */
  remove(service: string, reference: string, account?: string): Promise<RemovedImage> {
    return this.#transport.delete(`/berth/v1/images/${segment(service)}/${segment(reference)}${of(account)}`);
  }
}

function of(account: string | undefined): string {
  return account === undefined ? '' : `?account=${segment(account)}`;
}
