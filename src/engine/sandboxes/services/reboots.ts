import type { LiveSandbox } from '../live-sandbox.ts';
import { longestRebootDelayMs, stableMs } from './limits.ts';

export interface RebootsParts {
  readonly sandbox: LiveSandbox;
  /** From the end to the next boot; doubles while it keeps ending. */
  readonly delayMs: number;
  readonly reportFault: (error: unknown) => void;
}

/** Boots a sandbox again that was lost while services of it should run. */
export class Reboots {
  readonly #parts: RebootsParts;
  #delayMs: number;
  #bootedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: RebootsParts) {
    this.#parts = parts;
    this.#delayMs = parts.delayMs;
  }

  /** It executes, whoever has asked for it. */
  booted(): void {
    clearTimeout(this.#timer);
    this.#bootedAtMs = performance.now();
  }

  /** It ended unasked. */
  lost(): void {
    if (performance.now() - this.#bootedAtMs > stableMs) this.#delayMs = this.#parts.delayMs;
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#delayMs = Number.POSITIVE_INFINITY;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#delayMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => void this.#boot(), this.#delayMs).unref();
    this.#delayMs = Math.min(this.#delayMs * 2, Math.max(longestRebootDelayMs, this.#parts.delayMs));
  }

  async #boot(): Promise<void> {
    const { sandbox } = this.#parts;
    if (sandbox.deleted) return;
    try {
      await sandbox.power.wake();
    } catch {
      // The sandbox says why; somebody may make room or put its image right.
      this.#schedule();
    }
  }
}
