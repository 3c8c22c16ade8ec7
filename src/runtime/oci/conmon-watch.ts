import { watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Launched } from '../../lib/launcher.ts';
import { ociLimits } from './limits.ts';
import { identify, lives, type ProcessIdentity, runs } from './processes.ts';

/**
 * Tells when the conmon of a workload has ended: only then is its log complete and the exit code, if it wrote
 * one, there. Of those that this server has started its launcher tells. Adopted ones are looked at when an exit
 * file appears, and every second in case they were killed before they could write one.
 */
export class ConmonWatch {
  readonly #exits: string;
  readonly #onEnd: (id: string) => void;
  readonly #adopted = new Map<string, ProcessIdentity>();
  readonly #closing = new AbortController();
  #poll: NodeJS.Timeout | undefined;

  /**
   * @param exits folder of the exit files
   * @param onEnd called once for each workload
   */
  constructor(exits: string, onEnd: (id: string) => void) {
    this.#exits = exits;
    this.#onEnd = onEnd;
  }

  /** Watches a conmon that this server has started. */
  async own(id: string, conmon: Launched): Promise<void> {
    const ended = await conmon.ended;
    if (this.#closing.signal.aborted) return;
    const identity = ended ? undefined : await identify(conmon.pid);
    if (identity) this.adopt(id, identity);
    else this.#onEnd(id);
  }

  /** Watches a conmon that an earlier server has started. */
  adopt(id: string, conmon: ProcessIdentity): void {
    this.#adopted.set(id, conmon);
    if (this.#poll === undefined) this.#begin();
  }

  /** Lets go of them: they need not end before this server may. */
  close(): void {
    this.#closing.abort();
    clearInterval(this.#poll);
    this.#adopted.clear();
  }

  #begin(): void {
    let looks = 0;
    this.#poll = setInterval(() => {
      const thorough = ++looks % ociLimits.conmonIdentityEvery === 0;
      for (const [id, { pid }] of this.#adopted) if (thorough || !runs(pid)) void this.#check(id);
      void this.#lookForExits();
    }, ociLimits.conmonPollMs);
    const { signal } = this.#closing;
    const watcher = watch(this.#exits, { persistent: false, signal }, (_event, name) => {
      if (name !== null) void this.#awaitEnd(name);
    });
    watcher.on('error', () => {}); // then the polling has to do
    void this.#lookForExits();
  }

  /** Exits that came before the watch, or that it did not tell. */
  async #lookForExits(): Promise<void> {
    const names = await readdir(this.#exits).catch(() => []);
    await Promise.all(names.map(name => this.#awaitEnd(name)));
  }

  /** Its exit file is there, so its conmon is about to end. */
  async #awaitEnd(id: string): Promise<void> {
    const deadline = Date.now() + ociLimits.conmonEndTimeoutMs;
    while (this.#adopted.has(id) && Date.now() < deadline) {
      await this.#check(id);
      await delay(ociLimits.killPollMs);
    }
  }

  async #check(id: string): Promise<void> {
    const conmon = this.#adopted.get(id);
    if (conmon === undefined || (await lives(conmon))) return;
    if (this.#adopted.delete(id)) this.#onEnd(id);
  }
}
