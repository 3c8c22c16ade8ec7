import { Turns } from '../../lib/turns.ts';
import { cycleThrough, directDependants, type NeedsGraph } from './needs-graph.ts';
import type { Operation } from './operation.ts';
import { quoted, SupervisionError } from './supervision-error.ts';
import type { Unit, UnitDefinition } from './unit.ts';
import type { UnitRecords } from './unit-processes.ts';
import type { UnitSet } from './unit-set.ts';

/** Refuses a definition, by throwing, for what the other units are. */
export type DefinitionCheck<Spec> = (others: readonly Unit<Spec>[]) => void;

/** The definitions of all units. One changes at a time, so that no two can break a rule together. */
export class Definitions<Spec> {
  readonly #units: UnitSet<Spec>;
  readonly #records: UnitRecords<Spec>;
  readonly #stopTimeoutMs: number;
  readonly #turns = new Turns();

  constructor(units: UnitSet<Spec>, records: UnitRecords<Spec>, stopTimeoutMs: number) {
    this.#units = units;
    this.#records = records;
    this.#stopTimeoutMs = stopTimeoutMs;
  }

  async put(
    name: string,
    definition: UnitDefinition<Spec>,
    check: DefinitionCheck<Spec>,
  ): Promise<Operation> {
    for (;;) {
      // One that is being removed has to be gone first.
      await this.#units.get(name)?.removal?.outcome;
      const operation = await this.#turns.run('all', () => this.#put(name, definition, check));
      if (operation !== undefined) return operation;
    }
  }

  async remove(name: string): Promise<void> {
    const removal = await this.#turns.run('all', async () => {
      const unit = this.#units.known(name);
      const dependants = directDependants(this.#graph(), name);
      if (dependants.length === 0) return unit.remove(this.#stopTimeoutMs);
      throw new SupervisionError('in-use', `"${name}" is needed by ${quoted(dependants)}`, dependants);
    });
    const { error } = await removal.outcome;
    if (error !== undefined) throw new Error(error);
  }

  /** Undefined when it is being removed. */
  async #put(
    name: string,
    definition: UnitDefinition<Spec>,
    check: DefinitionCheck<Spec>,
  ): Promise<Operation | undefined> {
    const known = this.#units.get(name);
    if (known?.removal !== undefined) return undefined;
    checkNeeds(name, definition.needs, this.#graph());
    check(this.#lasting().filter(unit => unit.name !== name));

    if (known !== undefined) return known.apply(definition, this.#stopTimeoutMs);
    const unit: Unit<Spec> = { name, definition, desired: 'running', record: { restartCount: 0 } };
    await this.#records.save(unit);
    return this.#units.add(unit).applyAgain(this.#stopTimeoutMs);
  }

  #lasting(): Unit<Spec>[] {
    return this.#units.all().flatMap(({ ledger, removal }) => (removal === undefined ? [ledger.unit] : []));
  }

  #graph(): NeedsGraph {
    return new Map(this.#lasting().map(({ name, definition }) => [name, definition.needs]));
  }
}

/** @throws {SupervisionError} `unknown-need`, `cyclic-needs` */
function checkNeeds(name: string, needs: readonly string[], graph: NeedsGraph): void {
  const unknown = needs.filter(need => need !== name && !graph.has(need));
  if (unknown.length > 0) {
    throw new SupervisionError('unknown-need', `"${name}" needs ${quoted(unknown)}, not defined`, unknown);
  }
  const cycle = cycleThrough(new Map([...graph, [name, needs]]), name);
  if (cycle !== undefined) {
    throw new SupervisionError('cyclic-needs', `the needs form a cycle: ${cycle.join(' -> ')}`, cycle);
  }
}
