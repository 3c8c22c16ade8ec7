import { BerthError } from '../../../lib/errors.ts';
import { randomId } from '../../../lib/ids.ts';
import type {
  SandboxService,
  SandboxServiceDefinition,
  SandboxServiceProgress,
  SandboxStore,
} from '../../../store/store.ts';
import type {
  RestartPolicy,
  Unit,
  UnitDefinition,
  UnitRecord,
  UnitRecords,
} from '../../supervision/index.ts';

export interface ServiceRecordsParts {
  readonly sandboxId: string;
  readonly store: Pick<SandboxStore, 'putService' | 'deleteService'>;
  /** The end of this process is recorded, and that of no later one. */
  readonly onRecordedEnd: (runId: string) => void;
  readonly onRemoved: (name: string, serviceId: string) => void;
}

/** What is remembered of a sandbox's services, in the words of the store. */
export class ServiceRecords implements UnitRecords<SandboxServiceDefinition> {
  readonly #parts: ServiceRecordsParts;
  readonly #ids: Map<string, string>;
  /** Process of each service as it was recorded last. */
  readonly #runs = new Map<string, string>();

  constructor(parts: ServiceRecordsParts, services: readonly SandboxService[]) {
    this.#parts = parts;
    this.#ids = new Map(services.map(({ name, id }) => [name, id]));
    for (const { name, progress } of services) {
      if (progress.runId !== undefined) this.#runs.set(name, progress.runId);
    }
  }

  /** Of a service that was saved. */
  idOf(name: string): string {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`service ${name} was not saved`);
    return id;
  }

  get ids(): string[] {
    return [...this.#ids.values()];
  }

  async save({ name, definition, desired, record }: Unit<SandboxServiceDefinition>): Promise<void> {
    const { sandboxId, store, onRecordedEnd } = this.#parts;
    const id = this.#ids.get(name) ?? randomId();
    const progress = withoutAbsent(record);
    const service = { id, sandboxId, name, definition: definition.spec, desired, progress };
    if (!(await store.putService(service))) throw new BerthError('not-found', 'sandbox not found');
    this.#ids.set(name, id);
    const before = this.#runs.get(name);
    if (record.runId === undefined) this.#runs.delete(name);
    else this.#runs.set(name, record.runId);
    if (before !== undefined && before !== record.runId) onRecordedEnd(before);
  }

  async remove(name: string): Promise<void> {
    const id = this.idOf(name);
    await this.#parts.store.deleteService(id);
    this.#ids.delete(name);
    this.#runs.delete(name);
    this.#parts.onRemoved(name, id);
  }
}

/** A service as supervision knows it. @param restart of those whose definition does not say */
export function unitOf(
  { name, definition, desired, progress }: SandboxService,
  restart: RestartPolicy,
): Unit<SandboxServiceDefinition> {
  return { name, definition: unitDefinition(definition, restart), desired, record: progress };
}

export function unitDefinition(
  spec: SandboxServiceDefinition,
  restart: RestartPolicy,
): UnitDefinition<SandboxServiceDefinition> {
  const { needs, httpPort: port } = spec;
  return { spec, needs, restart: spec.restart ?? restart, ...(port !== undefined && { port }) };
}

function withoutAbsent({ restartCount, ...record }: UnitRecord): SandboxServiceProgress {
  const present = Object.entries(record).filter(([, value]) => value !== undefined);
  return { restartCount, ...Object.fromEntries(present) };
}
