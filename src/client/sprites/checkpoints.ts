import { ConnectionError } from '../errors.ts';
import { segment } from '../path.ts';
import type { Transport } from '../transport.ts';

export interface Checkpoint {
  /** `v1`, `v2` and so on. */
  readonly id: string;
  readonly create_time: string;
  readonly comment?: string;
  /** The one that its state descends from. */
  readonly source_id?: string;
}

export interface CheckpointEvent {
  readonly type: 'info' | 'error' | 'complete';
  readonly data?: string;
  readonly error?: string;
  readonly time: string;
}

/** Many files take their time, and nothing is told meanwhile. */
const longestCopyMs = 3_600_000;

/** Copies of the files of a sprite. */
export class SpriteCheckpoints {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(transport: Transport, path: string) {
    this.#transport = transport;
    this.#path = path;
  }

  /** Newest first. */
  list(): Promise<Checkpoint[]> {
    return this.#transport.get(`${this.#path}/checkpoints`);
  }

  /** The last event is `complete` or `error`. @throws {ApiError} `checkpoint busy` */
  create(comment?: string): AsyncGenerator<CheckpointEvent> {
    return this.#events(`${this.#path}/checkpoint`, comment === undefined ? {} : { comment });
  }

  /** Ends sessions; the last event is `complete` or `error`. @throws {ApiError} `checkpoint not found`, `checkpoint busy` */
  restore(id: string): AsyncGenerator<CheckpointEvent> {
    return this.#events(`${this.#path}/checkpoints/${segment(id)}/restore`, {});
  }

  /** @throws {ApiError} `checkpoint not found`, `checkpoint in use` */
  async delete(id: string): Promise<void> {
    await this.#transport.delete(`${this.#path}/checkpoints/${segment(id)}`);
  }

  async *#events(path: string, body: object): AsyncGenerator<CheckpointEvent> {
    const lines = this.#transport.lines<CheckpointEvent>('POST', path, { body, silenceMs: longestCopyMs });
    for await (const event of lines) {
      yield event;
      if (event.type !== 'info') return;
    }
    throw new ConnectionError(this.#transport.url, 'the answer broke off; the work may still go on');
  }
}
