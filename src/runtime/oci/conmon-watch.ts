import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Launched } from '../../lib/launcher.ts';
import { exists } from './bundle.ts';
import { ociLimits } from './limits.ts';
import { identify, lives, type ProcessIdentity, runs } from './processes.ts';

interface Adopted {
  readonly conmon: ProcessIdentity;
  readonly exitFile: string;
}

/**
 * Tells when a conmon has ended: only then is its log complete and the exit code, if it wrote one, there. Of those
 * that this server has started its launcher tells. Adopted ones are looked at when their exit file appears, and
 * every second in case they were killed before they could write one.
 */
export class ConmonWatch {
  readonly #onEnd: (id: string) => void;
  readonly #adopted = new Map<string, Adopted>();
  readonly #folders = new Map<string, FSWatcher>();
  #isClosed = false;
  #poll: NodeJS.Timeout | undefined;

  /** @param onEnd called once for each */
  constructor(onEnd: (id: string) => void) {
    this.#onEnd = onEnd;
  }

  /** Watches a conmon that this server has started. @param exitFile what it writes at its end */
  async own(id: string, conmon: Launched, exitFile: string): Promise<void> {
    const ended = await conmon.ended;
    if (this.#isClosed) return;
    const identity = ended ? undefined : await identify(conmon.pid);
    if (identity) this.adopt(id, identity, exitFile);
    else this.#onEnd(id);
  }

  /** Watches a conmon that an earlier server has started. */
  adopt(id: string, conmon: ProcessIdentity, exitFile: string): void {
    this.#adopted.set(id, { conmon, exitFile });
    if (this.#poll === undefined) this.#begin();
    this.#watch(dirname(exitFile));
    void this.#lookNow(id, exitFile); // it may have come before the watch
  }

  /** Lets go of them: they need not end before this server may. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#poll);
    this.#adopted.clear();
    for (const watcher of this.#folders.values()) watcher.close();
  }

  async #lookNow(id: string, exitFile: string): Promise<void> {
    if (await exists(exitFile)) await this.#awaitEnd(id);
  }

  #begin(): void {
    let looks = 0;
    this.#poll = setInterval(() => {
      const thorough = ++looks % ociLimits.conmonIdentityEvery === 0;
      for (const [id, { conmon }] of this.#adopted) if (thorough || !runs(conmon.pid)) void this.#check(id);
    }, ociLimits.conmonPollMs);
  }

  #watch(folder: string): void {
    if (this.#folders.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        for (const [id, { exitFile }] of this.#adopted) {
          if (dirname(exitFile) === folder && basename(exitFile) === name) void this.#awaitEnd(id);
        }
      });
      watcher.on('error', () => {}); // then the polling has to do
      this.#folders.set(folder, watcher);
    } catch {
      // The same.
    }
  }

  /** Its exit file is there, so it is about to end. */
  async #awaitEnd(id: string): Promise<void> {
    const deadline = Date.now() + ociLimits.conmonEndTimeoutMs;
    while (this.#adopted.has(id) && Date.now() < deadline) {
      await this.#check(id);
      await delay(ociLimits.killPollMs);
    }
  }

  async #check(id: string): Promise<void> {
    const adopted = this.#adopted.get(id);
    if (adopted === undefined || (await lives(adopted.conmon))) return;
    if (!this.#adopted.delete(id)) return;
    this.#release(dirname(adopted.exitFile));
    this.#onEnd(id);
  }

  #release(folder: string): void {
    if (this.#adopted.values().some(({ exitFile }) => dirname(exitFile) === folder)) return;
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
  }
}
