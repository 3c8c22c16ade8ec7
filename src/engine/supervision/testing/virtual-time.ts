import { setImmediate as turn } from 'node:timers/promises';
import type { Time } from '../time.ts';

interface Alarm {
  readonly atMs: number;
  readonly task: () => void;
}

/** Time that passes when a test says so. */
export class VirtualTime implements Time {
  readonly #startMs = Date.UTC(2026, 0, 5, 8);
  readonly #alarms = new Set<Alarm>();
  #elapsedMs = 0;

  now(): Date {
    return new Date(this.#startMs + this.#elapsedMs);
  }

  elapsedMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const alarm = { atMs: this.#elapsedMs + delayMs, task };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Lets that much time pass, alarm by alarm, and whatever follows from each happen at its time. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await turn();
    for (let alarm = this.#next(endMs); alarm !== undefined; alarm = this.#next(endMs)) {
      this.#alarms.delete(alarm);
      this.#elapsedMs = Math.max(this.#elapsedMs, alarm.atMs);
      alarm.task();
      await turn();
    }
    this.#elapsedMs = endMs;
  }

  /** Lets everything happen that takes no time. */
  settle(): Promise<void> {
    return this.pass(0);
  }

  get alarms(): number {
    return this.#alarms.size;
  }

  #next(untilMs: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.atMs <= untilMs && (next === undefined || alarm.atMs < next.atMs)) next = alarm;
    }
    return next;
  }
}
