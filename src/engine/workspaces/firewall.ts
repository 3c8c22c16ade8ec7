import { BlockList, isIPv6 } from 'node:net';
import { BerthError } from '../../lib/errors.ts';
import type { FirewallRule, WorkspaceStore } from '../../store/store.ts';

/** What becomes of a connection: it is let in, closed without a byte, or reset. */
export type Verdict = FirewallRule['action'];

interface Chain {
  readonly rules: readonly FirewallRule[];
  readonly sources: readonly BlockList[];
}

const maxRules = 256;
const closed: Chain = { rules: [], sources: [] };

/** Who may come in to workspaces: of the rules of each the first that fits decides; nobody, where none does. */
export class Firewall {
  readonly #store: Pick<WorkspaceStore, 'firewallRules' | 'addFirewallRule' | 'clearFirewallRules'>;
  /** Of workspaces that run. */
  readonly #chains = new Map<string, Chain>();
  readonly #changed: (instanceId: string) => void;

  /** @param changed is called when who is in has to be looked at again */
  constructor(
    store: Pick<WorkspaceStore, 'firewallRules' | 'addFirewallRule' | 'clearFirewallRules'>,
    changed: (instanceId: string) => void,
  ) {
    this.#store = store;
    this.#changed = changed;
  }

  /** In the order in which they are looked at. */
  rules(instanceId: string): Promise<FirewallRule[]> {
    return this.#store.firewallRules(instanceId);
  }

  /** Appends a rule. @throws {BerthError} `limit-reached` */
  async add(instanceId: string, rule: FirewallRule): Promise<void> {
    const added = await this.#store.addFirewallRule(instanceId, rule, maxRules);
    if (!added) throw new BerthError('limit-reached', 'too many rules');
    await this.load(instanceId);
  }

  /** Removes all: nobody may come in any more. */
  async clear(instanceId: string): Promise<void> {
    await this.#store.clearFirewallRules(instanceId);
    await this.load(instanceId);
  }

  /** From here on the rules of a workspace are known. */
  async load(instanceId: string): Promise<void> {
    const rules = await this.#store.firewallRules(instanceId);
    this.#chains.set(instanceId, { rules, sources: rules.map(({ source }) => addressesOf(source)) });
    this.#changed(instanceId);
  }

  /** A workspace has ended. */
  forget(instanceId: string): void {
    this.#chains.delete(instanceId);
  }

  /** @param address IPv4, or IPv6 */
  judge(instanceId: string, address: string): Verdict {
    const { rules, sources } = this.#chains.get(instanceId) ?? closed;
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const first = sources.findIndex(source => source.check(address, family));
    return rules[first]?.action ?? 'drop';
  }
}

function addressesOf(network: string): BlockList {
  const [address = '', bits] = network.split('/');
  const list = new BlockList();
  list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  return list;
}
