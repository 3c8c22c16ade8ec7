import type { RunCommand } from '../../lib/command.ts';
import { answerNamesAt, type RuleScope } from '../rules.ts';
import type { DomainRule } from './domain-rules.ts';
import { NameServer } from './name-server.ts';
import { MachineNames, type NameSource } from './name-source.ts';
import { Policies } from './policies.ts';
import { PolicySets } from './policy-sets.ts';

/** Policies of one server's workloads, with the name service that they need. */
export class DomainPolicies {
  readonly #run: RunCommand;
  readonly #scope: RuleScope;
  readonly #policies: Policies;
  readonly #server: NameServer;
  #serving: Promise<void> | undefined;

  constructor(run: RunCommand, scope: RuleScope, names: NameSource = new MachineNames()) {
    this.#run = run;
    this.#scope = scope;
    this.#policies = new Policies({ sets: new PolicySets(run, scope.table), names });
    this.#server = new NameServer(this.#policies);
  }

  /** See {@link Policies.set}. */
  async set(workload: string, rules: readonly DomainRule[]): Promise<void> {
    await this.#policies.set(workload, rules);
    // The gateway has its address only where there is a workload.
    this.#serving ??= this.#serve().catch(error => {
      this.#serving = undefined;
      throw error;
    });
    await this.#serving;
  }

  /** Idempotent. */
  async lift(workloads: readonly string[]): Promise<void> {
    await this.#policies.release(workloads);
  }

  /** See {@link Policies.recover}. */
  async recover(workloads: readonly string[]): Promise<void> {
    await this.#policies.recover(workloads);
  }

  /** Policies stay in force; nobody answers questions about names. */
  async close(): Promise<void> {
    if (this.#serving === undefined) return;
    await this.#serving.catch(() => {});
    await this.#server.close();
    await answerNamesAt(this.#run, this.#scope, undefined);
  }

  async #serve(): Promise<void> {
    await answerNamesAt(this.#run, this.#scope, await this.#server.open(this.#scope.gateway));
  }
}
