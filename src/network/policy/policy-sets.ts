import type { RunCommand } from '../../lib/command.ts';

export interface Grant {
  readonly workload: string;
  readonly address: string;
  readonly seconds: number;
}

/** The sets of the packet filter that tell what workloads under a policy may reach. */
export class PolicySets {
  readonly #run: RunCommand;
  readonly #table: string;

  constructor(run: RunCommand, table: string) {
    this.#run = run;
    this.#table = table;
  }

  /** Workloads under a policy, with the mark of the policy that is in force. */
  async policed(): Promise<Map<string, string>> {
    const marks = new Map<string, string>();
    for (const element of await this.#list('policed')) {
      const { val, comment = '' } = propertiesOf(element);
      if (typeof val === 'string') marks.set(val, comment);
    }
    return marks;
  }

  /** Addresses that a workload may connect to, or has connections to. */
  async reachable(workload: string): Promise<string[]> {
    const elements = [...(await this.#list('allowed')), ...(await this.#list('in_use'))];
    const pairs = elements.flatMap(element => pairOf(element));
    return [...new Set(pairs.filter(([from]) => from === workload).map(([, to]) => to))];
  }

  /** Puts a workload under a policy and takes addresses from it, all at once. */
  async police(workload: string, mark: string, taken: readonly string[]): Promise<void> {
    await this.#change([
      ...this.#replace('policed', workload, `${workload} comment "${mark}"`),
      ...this.#takeAll(workload, taken),
    ]);
  }

  /** Lifts the policies of workloads. */
  async release(workloads: readonly string[]): Promise<void> {
    const lines: string[] = [];
    for (const workload of workloads) {
      lines.push(...this.#take('policed', workload));
      lines.push(...this.#takeAll(workload, await this.reachable(workload)));
    }
    await this.#change(lines);
  }

  async take(workload: string, addresses: readonly string[]): Promise<void> {
    await this.#change(this.#takeAll(workload, addresses));
  }

  /** A grant replaces an earlier one of its address. */
  async grant(grants: readonly Grant[]): Promise<void> {
    await this.#change(
      grants.flatMap(({ workload, address, seconds }) => {
        const pair = `${workload} . ${address}`;
        return this.#replace('allowed', pair, `${pair} timeout ${Math.ceil(seconds)}s`);
      }),
    );
  }

  #takeAll(workload: string, addresses: readonly string[]): string[] {
    const pairs = addresses.map(address => `${workload} . ${address}`);
    return pairs.flatMap(pair => [...this.#take('allowed', pair), ...this.#take('in_use', pair)]);
  }

  /** An element can be added whether it is there or not, but deleted only where it is. */
  #take(set: string, element: string): string[] {
    const at = `element inet ${this.#table} ${set} { ${element} }`;
    return [`add ${at}`, `delete ${at}`];
  }

  #replace(set: string, element: string, replacement: string): string[] {
    return [...this.#take(set, element), `add element inet ${this.#table} ${set} { ${replacement} }`];
  }

  async #change(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#run('nft', ['-f', '-'], { input: `${lines.join('\n')}\n` });
  }

  async #list(set: string): Promise<readonly Element[]> {
    const { stdout } = await this.#run('nft', ['-j', 'list', 'set', 'inet', this.#table, set]);
    const { nftables } = JSON.parse(stdout) as { nftables: { set?: { elem?: Element[] } }[] };
    return nftables.flatMap(entry => entry.set?.elem ?? []);
  }
}

type Value = string | { readonly concat: readonly string[] };
interface Properties {
  readonly val: Value;
  readonly comment?: string;
}
/** As `nft -j` has it: bare where it has no properties. */
type Element = Value | { readonly elem: Properties };

function propertiesOf(element: Element): Properties {
  return typeof element === 'object' && 'elem' in element ? element.elem : { val: element };
}

function pairOf(element: Element): [string, string][] {
  const { val } = propertiesOf(element);
  if (typeof val === 'string') return [];
  const [from, to] = val.concat;
  return from === undefined || to === undefined ? [] : [[from, to]];
}
