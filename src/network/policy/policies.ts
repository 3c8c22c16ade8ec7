import { createHash } from 'node:crypto';
import { Turns } from '../../lib/turns.ts';
import { networkLimits } from '../limits.ts';
import { type AnswerRecord, outcomes, type Question, recordTypes } from './dns-message.ts';
import { type DomainRule, DomainRules } from './domain-rules.ts';
import type { NameSource } from './name-source.ts';
import type { Grant, PolicySets } from './policy-sets.ts';
import { isPublicAddress } from './public-address.ts';

export interface PoliciesParts {
  readonly sets: Pick<PolicySets, 'policed' | 'reachable' | 'police' | 'release' | 'take' | 'grant'>;
  readonly names: NameSource;
  /** Milliseconds that only go forward. */
  readonly now?: () => number;
}

export interface NameAnswer {
  readonly outcome: number;
  readonly records: readonly AnswerRecord[];
}

/** A workload under a policy. */
interface Policed {
  rules: DomainRules;
  openQuestions: number;
  /** Names that an address was the answer to, as long as it may be in use. */
  readonly namesOf: Map<string, Set<string>>;
  /** When the grant of an address ends, by {@link PoliciesParts.now}. */
  readonly grantedUntil: Map<string, number>;
}

interface WaitingGrant extends Grant {
  readonly policed: Policed;
  readonly name: string;
  readonly done: (granted: boolean) => void;
  readonly failed: (error: unknown) => void;
}

const internet = 1;
const refused: NameAnswer = { outcome: outcomes.refused, records: [] };
const failed: NameAnswer = { outcome: outcomes.serverFailure, records: [] };

/** Which workloads are under a policy, and which addresses they were told for names that theirs allows. */
export class Policies {
  readonly #sets: PoliciesParts['sets'];
  readonly #names: NameSource;
  readonly #now: () => number;
  readonly #workloads = new Map<string, Policed>();
  /** The mark of each policy in the packet filter, also of workloads that this server has not heard of yet. */
  readonly #inForce = new Map<string, string>();
  /** What changes the packet filter, one after the other. */
  readonly #turns = new Turns();
  #waiting: WaitingGrant[] = [];

  constructor({ sets, names, now = () => performance.now() }: PoliciesParts) {
    this.#sets = sets;
    this.#names = names;
    this.#now = now;
  }

  has(workload: string): boolean {
    return this.#workloads.has(workload);
  }

  /**
   * Puts a workload under a policy in place of an earlier one. In force when it resolves: connections to addresses
   * that were not told for a name which is allowed now are cut. One that an earlier server has put in force
   * goes on as it is.
   * @param workload its address
   */
  set(workload: string, rules: readonly DomainRule[]): Promise<void> {
    return this.#inTurn(async () => {
      const mark = markOf(rules);
      const known = this.#workloads.get(workload);
      const policed = known ?? newlyPoliced(rules);
      policed.rules = new DomainRules(rules);
      this.#workloads.set(workload, policed);
      const inForce = this.#inForce.get(workload);
      if (inForce === mark) return;
      this.#inForce.set(workload, mark);
      if (inForce === undefined) return this.#sets.police(workload, mark, []);
      const denied = async (): Promise<string[]> =>
        (await this.#sets.reachable(workload)).filter(address => !isAllowed(policed, address));
      await this.#sets.police(workload, mark, await denied());
      // A packet on its way may just have prolonged what was taken out.
      await this.#sets.take(workload, await denied());
      forgetDenied(policed);
    });
  }

  /** Lifts policies. Idempotent. */
  release(workloads: readonly string[]): Promise<void> {
    const policed = workloads.filter(workload => this.#inForce.has(workload));
    if (policed.length === 0) return Promise.resolve();
    return this.#inTurn(async () => {
      for (const workload of policed) this.#workloads.delete(workload);
      await this.#sets.release(policed);
      for (const workload of policed) this.#inForce.delete(workload);
    });
  }

  /** Takes up the policies that an earlier server has left; those of all but these workloads are lifted. */
  async recover(workloads: readonly string[]): Promise<void> {
    for (const [workload, mark] of await this.#sets.policed()) this.#inForce.set(workload, mark);
    await this.release([...this.#inForce.keys()].filter(workload => !workloads.includes(workload)));
  }

  /**
   * Answers what a workload asks about a name. The addresses of the answer may be connected to when it resolves.
   * Never rejects.
   */
  async answer(workload: string, { name, type, class: of }: Question): Promise<NameAnswer> {
    const policed = this.#workloads.get(workload);
    if (policed === undefined || of !== internet || !policed.rules.allows(name)) return refused;
    if (policed.openQuestions >= networkLimits.maxOpenQuestions) return failed;
    policed.openQuestions++;
    try {
      return await this.#answerAllowed(workload, policed, name, type);
    } catch {
      return failed;
    } finally {
      policed.openQuestions--;
    }
  }

  async #answerAllowed(workload: string, policed: Policed, name: string, type: number): Promise<NameAnswer> {
    const { outcome, addresses, records } = await this.#names.find(name, type);
    if (type !== recordTypes.A) return { outcome, records };
    const usable = addresses.filter(({ address }) => isPublicAddress(address));
    if (usable.length === 0) return addresses.length === 0 ? { outcome, records: [] } : refused;
    const granted = await Promise.all(
      usable.map(({ address, ttl }) => this.#grant({ workload, policed, name, address, seconds: ttl })),
    );
    if (granted.includes(false)) return refused;
    const answers = usable.map(({ address, ttl }) => ({
      type,
      ttlSeconds: Math.min(ttl, networkLimits.longestGrantSeconds),
      content: Buffer.from(address.split('.').map(Number)),
    }));
    return { outcome, records: answers };
  }

  /**
   * Grants that come while others are put into the filter are put there together.
   * @returns false when the name is not allowed any more
   */
  #grant(wanted: Omit<WaitingGrant, 'done' | 'failed'>): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#waiting.push({ ...wanted, seconds: grantSeconds(wanted.seconds), done: resolve, failed: reject });
    if (this.#waiting.length === 1) void this.#inTurn(() => this.#grantWaiting());
    return promise;
  }

  async #grantWaiting(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    const now = this.#now();
    const allowed = waiting.filter(grant => {
      const { workload, policed, name } = grant;
      return this.#workloads.get(workload) === policed && policed.rules.allows(name) && note(grant, now);
    });
    const fresh = allowed.filter(({ policed, address, seconds }) => {
      return (policed.grantedUntil.get(address) ?? 0) < now + seconds * 1_000;
    });
    try {
      await this.#sets.grant(fresh);
    } catch (error) {
      for (const grant of waiting) grant.failed(error);
      return;
    }
    for (const { policed, address, seconds } of fresh) {
      policed.grantedUntil.set(address, now + seconds * 1_000);
    }
    for (const grant of waiting) grant.done(allowed.includes(grant));
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#turns.run('filter', task);
  }
}

/** How long an address may be connected to that a name was answered with. */
export function grantSeconds(ttl: number): number {
  return Math.min(Math.max(ttl, networkLimits.leastGrantSeconds), networkLimits.longestGrantSeconds);
}

function newlyPoliced(rules: readonly DomainRule[]): Policed {
  return {
    rules: new DomainRules(rules),
    openQuestions: 0,
    namesOf: new Map(),
    grantedUntil: new Map(),
  };
}

/** Tells policies apart across restarts of the server. */
function markOf(rules: readonly DomainRule[]): string {
  return createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 32);
}

function isAllowed({ rules, namesOf }: Policed, address: string): boolean {
  return [...(namesOf.get(address) ?? [])].some(name => rules.allows(name));
}

function forgetDenied(policed: Policed): void {
  for (const address of policed.namesOf.keys()) {
    if (isAllowed(policed, address)) continue;
    policed.namesOf.delete(address);
    policed.grantedUntil.delete(address);
  }
}

/**
 * Remembers what an address is granted for.
 * @returns false when the workload has too many addresses already
 */
function note({ policed, address, name }: WaitingGrant, now: number): boolean {
  const { namesOf, grantedUntil } = policed;
  if (!namesOf.has(address) && namesOf.size >= networkLimits.maxGrants) {
    for (const other of namesOf.keys()) {
      if ((grantedUntil.get(other) ?? now) > now) continue;
      grantedUntil.delete(other);
      namesOf.delete(other);
    }
    if (namesOf.size >= networkLimits.maxGrants) return false;
  }
  const names = namesOf.get(address) ?? new Set();
  if (names.size < networkLimits.maxNamesOfAddress) names.add(name);
  namesOf.set(address, names);
  return true;
}
