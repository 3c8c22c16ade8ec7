import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import { Turns } from '../../lib/turns.ts';
import { adjustsLimits, type ResourceLimits, type Runtime, RuntimeError } from '../../runtime/runtime.ts';
import type { SandboxMemory, SandboxPrivileges, SandboxSettings } from '../../store/store.ts';
import type { SandboxLimits } from './limits.ts';
import type { LiveSandbox } from './live-sandbox.ts';
import { checkPrivileges } from './privileges.ts';

export interface AllowancesParts {
  readonly sandbox: LiveSandbox;
  readonly runtime: Runtime;
  readonly limits: Pick<SandboxLimits, 'allowPrivileged'>;
  readonly clock: Clock;
}

/** The most that can be counted exactly, in bytes. */
const maxMib = 2 ** 32;
const mebibyte = 1024 * 1024;
const turn = 'memory';

/** What one sandbox may do and use. */
export class Allowances {
  readonly #parts: AllowancesParts;
  readonly #turns = new Turns();

  constructor(parts: AllowancesParts) {
    this.#parts = parts;
  }

  get privileges(): SandboxPrivileges {
    return this.#parts.sandbox.record.settings.privileges ?? {};
  }

  get memory(): SandboxMemory | undefined {
    return this.#parts.sandbox.record.settings.memory;
  }

  /**
   * Durable. From the next boot on; the sandbox is not woken for it.
   * @throws {BerthError} `invalid`, `unsupported`, `not-found`
   */
  async setPrivileges(privileges: SandboxPrivileges): Promise<void> {
    const { sandbox, runtime, limits, clock } = this.#parts;
    checkPrivileges(privileges, runtime, limits.allowPrivileged);
    await sandbox.changeSettings(settings => ({ ...settings, privileges }), clock.now());
  }

  /**
   * Durable, and in force at once. As the sandbox was made with when it is undefined.
   * @throws {BerthError} `invalid`, `unsupported`, `not-found`, `lock-unheld` when more is in use
   */
  setMemory(memory: SandboxMemory | undefined): Promise<void> {
    const { sandbox, runtime, clock } = this.#parts;
    const { limitMib, autoscale = false } = memory ?? {};
    if (limitMib !== undefined && !(limitMib >= 1 && limitMib <= maxMib)) {
      throw new BerthError('invalid', `memory.limit_mb: must be from 1 to ${maxMib}`);
    }
    if (autoscale || (limitMib !== undefined && !runtime.capabilities().limits.includes('memoryBytes'))) {
      const what = autoscale ? 'let the memory of a sandbox grow' : 'limit the memory of a sandbox';
      throw new BerthError('unsupported', `the ${runtime.name} runtime can not ${what}`);
    }
    return this.#turns.run(turn, async () => {
      const { settings } = sandbox.record;
      await this.#apply(limitsOf(settings, memory));
      await sandbox.changeSettings(before => withMemory(before, memory), clock.now());
    });
  }

  async #apply({ memoryBytes }: ResourceLimits): Promise<void> {
    const { sandbox, runtime } = this.#parts;
    const { workloadId } = sandbox.power;
    if (workloadId === undefined || !adjustsLimits(runtime)) return;
    try {
      await runtime.setLimits(workloadId, { ...(memoryBytes !== undefined && { memoryBytes }) });
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      // It is only being made, or has ended: its next boot has it.
      if (error.code !== 'not-found') throw new BerthError('lock-unheld', error.message, { cause: error });
    }
  }
}

function withMemory(settings: SandboxSettings, memory: SandboxMemory | undefined): SandboxSettings {
  const { memory: before, ...others } = settings;
  if (memory === undefined) return before === undefined ? settings : others;
  return { ...others, memory };
}

/** What a boot may use. */
export function limitsOf(
  { limits }: Pick<SandboxSettings, 'limits'>,
  memory: SandboxMemory | undefined,
): ResourceLimits {
  if (memory?.limitMib === undefined) return limits;
  return { ...limits, memoryBytes: Math.floor(memory.limitMib * mebibyte) };
}
