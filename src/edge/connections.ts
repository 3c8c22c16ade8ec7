/** How many requests and tunnels each workload has open. */
export class OpenConnections {
  readonly #open = new Map<string, number>();
  readonly #changed: (id: string, open: number) => void;

  constructor(changed: (id: string, open: number) => void) {
    this.#changed = changed;
  }

  has(id: string): boolean {
    return this.#open.has(id);
  }

  enter(id: string): void {
    const open = (this.#open.get(id) ?? 0) + 1;
    this.#open.set(id, open);
    this.#changed(id, open);
  }

  /** Once for every `enter`. */
  leave(id: string): void {
    const open = (this.#open.get(id) ?? 1) - 1;
    if (open === 0) this.#open.delete(id);
    else this.#open.set(id, open);
    this.#changed(id, open);
  }
}
