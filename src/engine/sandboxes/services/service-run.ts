import type { Logs } from '../../../logs/logs.ts';

/** The output of one process of a service, in the log of the service. */
export class ServiceRun {
  readonly id: string;
  /** Also the id of its log. */
  readonly serviceId: string;
  /** Position in the log before its first output; where this is not known any more, the beginning of the log. */
  readonly begin: number;
  /** Position in the log after its last output; settles when the process has ended. */
  readonly end: Promise<number>;
  /** Position in the log files after its last output; settles when that is copied, or will not be. */
  readonly copied: Promise<number>;
  /** Position in the log just before it was first asked to end; settles then, or at its end. */
  readonly stopBegin: Promise<number>;
  readonly #end = Promise.withResolvers<number>();
  readonly #stopBegin = Promise.withResolvers<number>();
  #isOver = false;

  /** @param copy copies the output up to the position that it is told */
  constructor(id: string, serviceId: string, begin: number, copy: (end: Promise<number>) => Promise<number>) {
    this.id = id;
    this.serviceId = serviceId;
    this.begin = begin;
    this.end = this.#end.promise;
    this.stopBegin = this.#stopBegin.promise;
    this.copied = copy(this.end);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Its process is about to be asked to end. */
  async stops(logs: Pick<Logs, 'end'>): Promise<void> {
    this.#stopBegin.resolve(await logs.end(this.serviceId));
  }

  /** Its process has ended and no other has begun yet. */
  async over(logs: Pick<Logs, 'end'>): Promise<void> {
    if (this.#isOver) return;
    const end = await logs.end(this.serviceId);
    this.#end.resolve(end);
    this.#stopBegin.resolve(end);
    this.#isOver = true;
  }
}
