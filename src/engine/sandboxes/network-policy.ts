import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { BerthError } from '../../lib/errors.ts';
import { Turns } from '../../lib/turns.ts';
import {
  hasNetworkPolicies,
  type NetworkPolicies,
  type NetworkPolicy,
  type Runtime,
  RuntimeError,
} from '../../runtime/runtime.ts';
import type { NetworkRule } from '../../store/store.ts';
import type { Volumes } from '../../volumes/volumes.ts';
import { privateVolume } from './layout.ts';
import type { LiveSandbox } from './live-sandbox.ts';
import type { Resident } from './resident.ts';

export interface SandboxNetworkParts {
  readonly sandbox: LiveSandbox;
  readonly runtime: Runtime;
  readonly volumes: Volumes;
  readonly clock: Clock;
  /** Domains that `include: defaults` allows. */
  readonly policyDefaults: readonly string[];
}

const maxRules = 1_024;
const maxDomainBytes = 253;
/** Labels of 1 to 63 characters, the last one not a number: addresses are no domains. */
const domainPattern =
  /^(\*|(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?![0-9]+$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)$/i;
const turn = 'policy';

/** What one sandbox reaches outside. Without rules that is everything. */
export class SandboxNetwork implements Resident {
  readonly #parts: SandboxNetworkParts;
  readonly #turns = new Turns();

  constructor(parts: SandboxNetworkParts) {
    this.#parts = parts;
  }

  get rules(): readonly NetworkRule[] {
    return this.#parts.sandbox.record.settings.networkPolicy ?? [];
  }

  /**
   * Durable, and in force when it resolves; the sandbox is not woken for it.
   * @throws {BerthError} `invalid`, `unsupported` for rules that the runtime can't put in force, `not-found`
   */
  set(rules: readonly NetworkRule[]): Promise<void> {
    checkRules(rules);
    const { sandbox, runtime, clock } = this.#parts;
    if (rules.length > 0 && !hasNetworkPolicies(runtime)) {
      throw new BerthError('unsupported', `the ${runtime.name} runtime can not limit what a sandbox reaches`);
    }
    return this.#turns.run(turn, async () => {
      await sandbox.changeSettings(settings => ({ ...settings, networkPolicy: rules }), clock.now());
      await this.#tell();
      const { workloadId } = sandbox.power;
      if (workloadId === undefined || !hasNetworkPolicies(runtime)) return;
      await this.#apply(runtime, workloadId).catch(error => {
        // It is only being made, and gets its policy before anything runs in it; or it has ended.
        if (!(error instanceof RuntimeError && error.code === 'not-found')) throw error;
      });
    });
  }

  /** Nothing runs in it yet. */
  booted(workloadId: string): Promise<void> {
    const { runtime } = this.#parts;
    return this.#turns.run(turn, async () => {
      await this.#tell();
      if (hasNetworkPolicies(runtime) && this.rules.length > 0) await this.#apply(runtime, workloadId);
    });
  }

  #apply(runtime: NetworkPolicies, workloadId: string): Promise<void> {
    const policy = this.rules.length === 0 ? undefined : expand(this.rules, this.#parts.policyDefaults);
    return runtime.setNetworkPolicy(workloadId, policy);
  }

  /** What runs in it reads its rules in its private folder. */
  async #tell(): Promise<void> {
    const { sandbox, volumes } = this.#parts;
    const { owner, path } = privateVolume(sandbox.record.id);
    await using folder = await volumes.open({ owner, path: `${path}/policy` });
    const file = join(folder.pinnedPath, 'network.json');
    await writeFile(`${file}.new`, `${JSON.stringify({ rules: this.rules })}\n`, { mode: 0o644 });
    await rename(`${file}.new`, file);
  }
}

function expand(rules: readonly NetworkRule[], defaults: readonly string[]): NetworkPolicy {
  return {
    rules: rules.flatMap(rule =>
      'domain' in rule ? [rule] : defaults.map(domain => ({ domain, action: 'allow' as const })),
    ),
  };
}

function checkRules(rules: readonly NetworkRule[]): void {
  if (rules.length > maxRules) {
    throw new BerthError('invalid', `rules: ${rules.length} are too many; the limit is ${maxRules}`);
  }
  for (const [i, rule] of rules.entries()) {
    if (!('domain' in rule) || isDomain(rule.domain)) continue;
    const shown = JSON.stringify(rule.domain.slice(0, 100));
    throw new BerthError('invalid', `rules[${i}].domain: ${shown} is not a host, *.suffix or *`);
  }
}

/** A host, `*.suffix` or `*`. */
export function isDomain(text: string): boolean {
  return text.length <= maxDomainBytes && domainPattern.test(text);
}
