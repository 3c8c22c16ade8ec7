import type { Time } from './time.ts';

interface Alarm {
  readonly task: () => void;
  remainingMs: number;
  /** On the clock beneath. */
  armedAtMs: number;
  takeBack: (() => void) | undefined;
}

/** Time that can be stopped: alarms wait until it goes on, with what was left of their delay. */
export class PausableTime implements Time {
  readonly #time: Time;
  readonly #alarms = new Set<Alarm>();
  #pausedAtMs: number | undefined;
  #pausedMs = 0;

  constructor(time: Time) {
    this.#time = time;
  }

  now(): Date {
    return this.#time.now();
  }

  /** Without the time in which it was stopped. */
  elapsedMs(): number {
    return (this.#pausedAtMs ?? this.#time.elapsedMs()) - this.#pausedMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const alarm: Alarm = { task, remainingMs: delayMs, armedAtMs: 0, takeBack: undefined };
    this.#alarms.add(alarm);
    if (this.#pausedAtMs === undefined) this.#arm(alarm);
    return () => {
      alarm.takeBack?.();
      this.#alarms.delete(alarm);
    };
  }

  /** Idempotent. */
  pause(): void {
    if (this.#pausedAtMs !== undefined) return;
    this.#pausedAtMs = this.#time.elapsedMs();
    for (const alarm of this.#alarms) {
      alarm.takeBack?.();
      alarm.takeBack = undefined;
      alarm.remainingMs = Math.max(0, alarm.remainingMs - (this.#pausedAtMs - alarm.armedAtMs));
    }
  }

  /** @returns for how long it was stopped, ms; 0 when it was not */
  resume(): number {
    if (this.#pausedAtMs === undefined) return 0;
    const pausedMs = this.#time.elapsedMs() - this.#pausedAtMs;
    this.#pausedMs += pausedMs;
    this.#pausedAtMs = undefined;
    for (const alarm of this.#alarms) this.#arm(alarm);
    return pausedMs;
  }

  #arm(alarm: Alarm): void {
    alarm.armedAtMs = this.#time.elapsedMs();
    alarm.takeBack = this.#time.after(alarm.remainingMs, () => {
      this.#alarms.delete(alarm);
      alarm.task();
    });
  }
}
