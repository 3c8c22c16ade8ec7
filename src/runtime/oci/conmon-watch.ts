import type { ChildProcess } from 'node:child_process';
import { watch } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ociLimits } from './limits.ts';
import { lives, type ProcessIdentity, runs } from './processes.ts';

/**
 * Tells when the conmon of a workload has ended: only then is its log complete and the exit code, if it wrote
 * one, there. Children of this server are reaped by it; adopted ones are looked at when an exit file appears,
 * and every second in case they were killed before they could write one.
 */
export class ConmonWatch {
  readonly #exits: string;
  readonly #onEnd: (id: string) => void;
  readonly #children = new Map<string, ChildProcess>();
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
  own(id: string, child: ChildProcess): void {
    const end = () => {
      this.#children.delete(id);
      this.#onEnd(id);
    };
    this.#children.set(id, child);
    if (child.exitCode !== null || child.signalCode !== null) end();
    else child.once('exit', end);
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
    for (const child of this.#children.values()) child.removeAllListeners('exit').unref();
    this.#children.clear();
  }

  #begin(): void {
    let looks = 0;
    this.#poll = setInterval(() => {
      const thorough = ++looks % ociLimits.conmonIdentityEvery === 0;
      for (const [id, { pid }] of this.#adopted) if (thorough || !runs(pid)) void this.#check(id);
    }, ociLimits.conmonPollMs);
    const { signal } = this.#closing;
    const watcher = watch(this.#exits, { persistent: false, signal }, (_event, name) => {
      if (name !== null && this.#adopted.has(name)) void this.#awaitEnd(name);
    });
    watcher.on('error', () => {}); // then the polling has to do
  }

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
