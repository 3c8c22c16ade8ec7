import { readFile } from 'node:fs/promises';

interface Facts {
  /** How many PID namespaces count it, among those that are seen from here. */
  readonly depth: number;
  /** As whoever reads counts. */
  readonly parent: number;
  /** Both as processes in the innermost PID namespace count. */
  readonly pid: number;
  readonly session: number;
}

/** Deeper trees are cut off. */
const maxSteps = 64;

/** Where processes come from. What was read is remembered, so this is for one look. */
export class Lineages {
  readonly #facts = new Map<number, Promise<Facts | undefined>>();

  /**
   * @param pid as this process counts
   * @returns numbers of the process itself, then of its parents and of the leaders of their sessions, as they are counted
   *   in its PID namespace, which none of them is outside of; empty when it is gone. What a process has left in the
   *   background is known by its session
   */
  async of(pid: number): Promise<readonly number[]> {
    const found = new Set<number>();
    const first = await this.#read(pid);
    let facts = first;
    for (let steps = 0; steps < maxSteps && facts !== undefined && facts.depth === first?.depth; steps++) {
      found.add(facts.pid).add(facts.session);
      facts = facts.parent === 0 ? undefined : await this.#read(facts.parent);
    }
    found.delete(0);
    return [...found];
  }

  #read(pid: number): Promise<Facts | undefined> {
    const known =
      this.#facts.get(pid) ?? readFile(`/proc/${pid}/status`, 'utf8').then(parse, () => undefined);
    this.#facts.set(pid, known);
    return known;
  }
}

/** proc_pid_status(5) */
function parse(status: string): Facts {
  const numbers = (field: string): number[] =>
    (new RegExp(`^${field}:(.*)$`, 'm').exec(status)?.[1] ?? '').trim().split(/\s+/).map(Number);
  const pids = numbers('NSpid');
  return {
    depth: pids.length,
    parent: numbers('PPid')[0] ?? 0,
    pid: pids.at(-1) ?? 0,
    session: numbers('NSsid').at(-1) ?? 0,
  };
}
