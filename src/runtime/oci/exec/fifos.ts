import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunCommand } from '../../../lib/command.ts';

/** Made by one command, which costs as much as what it makes. */
const batchSize = 48;

/**
 * Named pipes, made in advance. Node can make no pipes but pairs of sockets, and a program can't open `/dev/stdout`
 * anew where it is a socket.
 */
export class Fifos {
  readonly #folder: string;
  readonly #run: RunCommand;
  readonly #spare: string[] = [];
  #making: Promise<void> | undefined;
  #made = 0;

  constructor(folder: string, run: RunCommand) {
    this.#folder = folder;
    this.#run = run;
  }

  /** Removes those of an earlier server. */
  async open(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder, { mode: 0o700 });
  }

  async close(): Promise<void> {
    await this.#making?.catch(() => {});
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Paths of FIFOs that nobody else gets; to be removed when they are open. */
  async take(count: number): Promise<string[]> {
    while (this.#spare.length < count) await this.#make();
    const taken = this.#spare.splice(0, count);
    if (this.#spare.length < batchSize / 2) this.#make().catch(() => {}); // whoever needs them is told
    return taken;
  }

  #make(): Promise<void> {
    this.#making ??= this.#makeBatch().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #makeBatch(): Promise<void> {
    const paths = Array.from({ length: batchSize }, () => join(this.#folder, String(this.#made++)));
    await this.#run('mkfifo', ['-m', '600', ...paths]);
    this.#spare.push(...paths);
  }
}
