import type { Clock } from '../../lib/clock.ts';
import { atTime } from '../../lib/deadline.ts';
import { Slots } from '../../lib/turns.ts';
import type { WorkspaceEvent, WorkspaceStore } from '../../store/store.ts';
import { eventRetryDelaysMs, eventsAtOnce, eventTimeoutMs } from './limits.ts';

/** What is told to a URL. */
export interface OutgoingEvent extends WorkspaceEvent {
  /** Of the pair that was made for the instance; only where nobody on the way can read it. */
  readonly privateKey?: string;
}

/** Tells an event to its URL. @returns whether it was taken; a rejection means the same as false */
export type SendEvent = (event: OutgoingEvent, signal: AbortSignal) => Promise<boolean>;

export interface EventDeliveryParts {
  readonly store: WorkspaceStore;
  readonly clock: Clock;
  readonly send: SendEvent;
  /** The private key that was made for an instance, once it is there. */
  readonly privateKey: (instanceId: string) => Promise<string | undefined>;
  readonly reportFault: (subject: string, error: unknown) => string;
  readonly retryDelaysMs?: readonly number[];
}

/**
 * Tells events to whoever asked for them: those of one workspace in their order, each again some times where it was not
 * taken. They are in the store until then.
 */
export class EventDelivery {
  readonly #parts: EventDeliveryParts;
  readonly #slots = new Slots(eventsAtOnce);
  readonly #closing = new AbortController();
  readonly #chains = new Map<string, Promise<void>>();
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: EventDeliveryParts) {
    this.#parts = parts;
  }

  /** There may be new ones. */
  poke(): void {
    if (this.#closing.signal.aborted) return;
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch(error => void this.#parts.reportFault('events', error));
  }

  /** What is under way is given up, and told by the next server. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#looking;
    await Promise.all(this.#chains.values());
  }

  async #look(): Promise<void> {
    for (const { subjectId } of await this.#parts.store.events()) {
      if (this.#chains.has(subjectId) || this.#closing.signal.aborted) continue;
      const chain = this.#tellAll(subjectId)
        .catch(error => void this.#parts.reportFault(subjectId, error))
        .finally(() => {
          this.#chains.delete(subjectId);
          // One may have come after the last look.
          this.poke();
        });
      this.#chains.set(subjectId, chain);
    }
  }

  async #tellAll(subjectId: string): Promise<void> {
    const { store } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const event = (await store.events()).find(other => other.subjectId === subjectId);
      if (event === undefined) return;
      await this.#until(event.dueAt);
      await this.#slots.run(async () => {
        if (!signal.aborted) await this.#tell(event);
      });
    }
  }

  async #tell(event: WorkspaceEvent): Promise<void> {
    const { store, clock, send, retryDelaysMs = eventRetryDelaysMs } = this.#parts;
    const { signal } = this.#closing;
    const outgoing = await this.#withKey(event);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(eventTimeoutMs)]);
    const wasTaken = await send(outgoing, limit).catch(() => false);
    if (!wasTaken && signal.aborted) return;
    const delayMs = retryDelaysMs[event.failures];
    if (wasTaken || delayMs === undefined) await store.removeEvent(event.id);
    else {
      const dueAt = new Date(clock.now().getTime() + delayMs);
      await store.postponeEvent(event.id, event.failures + 1, dueAt);
    }
  }

  async #withKey(event: WorkspaceEvent): Promise<OutgoingEvent> {
    if (event.kind !== 'starting' || !event.url.startsWith('https:')) return event;
    const privateKey = await this.#parts.privateKey(event.subjectId);
    return privateKey === undefined ? event : { ...event, privateKey };
  }

  async #until(time: Date): Promise<void> {
    const { signal } = this.#closing;
    await new Promise<void>(resolve => {
      const cancel = atTime(time, this.#parts.clock, () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      });
      const giveUp = (): void => {
        cancel();
        resolve();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      if (signal.aborted) giveUp();
    });
  }
}
