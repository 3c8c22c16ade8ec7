/** What a workload may reach by name; a list of rules decides about every name. */
export interface DomainRule {
  /** A host in small letters, `*.suffix` (hosts below it, not itself) or `*`. */
  readonly domain: string;
  readonly action: 'allow' | 'deny';
}

const everything = '*';
const wildcard = '*.';

/**
 * Rules made ready for look-ups: the most exact one decides (the host, then the longest suffix, then `*`), a
 * denial among equals, and what no rule names is denied.
 */
export class DomainRules {
  /** By domain as it is written; of several for one, a denial. */
  readonly #actions = new Map<string, DomainRule['action']>();

  constructor(rules: readonly DomainRule[]) {
    for (const { domain, action } of rules) {
      const key = domain.toLowerCase();
      if (this.#actions.get(key) !== 'deny') this.#actions.set(key, action);
    }
  }

  /** @param name a host without a dot at its end; the case of letters is of no matter */
  allows(name: string): boolean {
    const host = name.toLowerCase();
    const exact = this.#actions.get(host);
    if (exact !== undefined) return exact === 'allow';
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const action = this.#actions.get(wildcard + host.slice(dot + 1));
      if (action !== undefined) return action === 'allow';
    }
    return this.#actions.get(everything) === 'allow';
  }
}
