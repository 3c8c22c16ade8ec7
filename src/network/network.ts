import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type RunCommand, runCommand } from '../lib/command.ts';
import { type Endpoint, listEndpoints, makeEndpoints, namespaceFolder, removeEndpoints } from './endpoint.ts';
import { passForeignFirewall, undoForeignFirewall } from './foreign-firewall.ts';
import { networkLimits } from './limits.ts';
import { DomainPolicies } from './policy/domain-policies.ts';
import type { DomainRule } from './policy/domain-rules.ts';
import type { NameSource } from './policy/name-source.ts';
import { Pool } from './pool.ts';
import { claimSubnet, releaseSubnet } from './routes.ts';
import { applyRules, changePair, type RuleScope, removeRules } from './rules.ts';
import { addressAt, formatSubnet, type Subnet, slotCount } from './subnet.ts';

export interface NetworkOptions {
  readonly dataDir: string;
  /** Block of addresses for workloads, such as `10.200.0.0/16`; a free one is chosen when absent. */
  readonly subnet?: string;
  /** Namespaces kept ready. */
  readonly poolSize?: number;
  /** Who knows the names that workloads under a policy ask about; the machine's name servers when absent. */
  readonly names?: NameSource;
}

/** A short name that tells the traces of one data directory from those of another on the same machine. */
export function instanceTag(dataDir: string): string {
  let path = resolve(dataDir);
  try {
    path = realpathSync(path);
  } catch {} // not there yet
  return createHash('sha256').update(path).digest('hex').slice(0, 5);
}

/**
 * The network of one server's workloads: a namespace and an address each, taken from a pool of ready ones.
 * Everything it makes on the machine begins with `prefix`; a namespace is made for one workload and never
 * used for a second.
 */
export class Network {
  readonly prefix: string;
  readonly #options: NetworkOptions;
  readonly #table: string;
  readonly #leased = new Set<string>();
  readonly #ready: Pool<Endpoint>;
  /** Slots of all namespaces that exist, are being made or are being removed. */
  readonly #slots = new Set<number>();
  #run: RunCommand = runCommand;
  #subnet: Subnet | undefined;
  #nextSlot = 2;
  #nextFirewallLook = 0;
  /** Found at the start: of workloads, or left by a server that was killed. */
  #found: string[] = [];
  #policies: DomainPolicies | undefined;
  #removal: { names: string[]; done: Promise<void> } | undefined;
  #lastRemoval: Promise<void> = Promise.resolve();

  constructor(options: NetworkOptions) {
    this.#options = options;
    const tag = instanceTag(options.dataDir);
    this.prefix = `b${tag}-`;
    this.#table = `berth_${tag}`;
    this.#ready = new Pool<Endpoint>({
      size: options.poolSize ?? networkLimits.defaultPoolSize,
      make: count => this.#make(count),
      discard: items => this.#remove(items.map(item => item.name)),
    });
  }

  /**
   * Sets up what all workloads share.
   * @param run how the machine's tools are run
   */
  async open(run: RunCommand = runCommand): Promise<void> {
    this.#run = run;
    const { dataDir, subnet } = this.#options;
    this.#found = await listEndpoints(this.prefix);
    this.#subnet = await claimSubnet(this.#run, {
      folder: join(dataDir, 'network'),
      seed: this.prefix,
      ...(subnet && { subnet }),
    });
    await applyRules(this.#run, this.#scope());
    this.#policies = new DomainPolicies(this.#run, this.#scope(), this.#options.names);
    await this.#policies.recover(this.#found.map(name => this.#addressOf(name)));
    await Promise.all([this.#passFirewall(), enableForwarding()]);
  }

  /** The block that workloads' addresses are of. */
  get subnet(): string {
    return formatSubnet(this.#opened());
  }

  /** Takes a ready namespace; waits for one to be made where none is ready. */
  async lease(): Promise<Endpoint> {
    const endpoint = await this.#ready.take();
    this.#leased.add(endpoint.name);
    return endpoint;
  }

  /** Removes a leased namespace; resolves when nothing of it is left. Idempotent. */
  async release(name: string): Promise<void> {
    if (!name.startsWith(this.prefix)) return;
    await this.#remove([name]);
    this.#leased.delete(name);
  }

  /**
   * Tells which leases live on after a restart; every other namespace that was found at the start is removed
   * in the background, and the pool is filled. Call once, before the first lease.
   */
  adopt(names: readonly string[]): void {
    for (const name of names) this.#leased.add(name);
    for (const name of [...names, ...this.#found]) this.#slots.add(this.#slotOf(name));
    this.#nextSlot = Math.max(2, ...[...this.#slots].map(slot => slot + 1));
    const strays = this.#found.filter(name => !this.#leased.has(name));
    this.#found = [];
    this.#ready.fill();
    if (strays.length > 0) this.#remove(strays).catch(() => {}); // they are found again at the next start
  }

  /** Lets the first workload open connections to the second. */
  async allow(from: Endpoint['address'], to: Endpoint['address']): Promise<void> {
    await changePair(this.#run, this.#scope(), 'add', from, to);
  }

  async disallow(from: Endpoint['address'], to: Endpoint['address']): Promise<void> {
    await changePair(this.#run, this.#scope(), 'delete', from, to);
  }

  /**
   * Lets a workload reach nothing but what its rules allow, by name; everything again when they are undefined. In
   * force when it resolves; what is not allowed any more is cut. It holds until the workload's release, also
   * while no server runs; call it again after a restart.
   */
  async setPolicy(workload: Endpoint['address'], rules: readonly DomainRule[] | undefined): Promise<void> {
    if (this.#policies === undefined) throw new Error('the network is not open');
    if (rules === undefined) await this.#policies.lift([workload]);
    else await this.#policies.set(workload, rules);
  }

  /** Gives up the pool, and the rules and the addresses too where no workload needs them any more. */
  async close(): Promise<void> {
    await this.#ready.close();
    await this.#lastRemoval.catch(() => {});
    await this.#policies?.close();
    if (this.#subnet === undefined || this.#leased.size > 0) return;
    await removeRules(this.#run, this.#scope());
    await undoForeignFirewall(this.#run, this.prefix);
    await releaseSubnet(this.#run, this.#subnet);
  }

  async #make(count: number): Promise<Endpoint[]> {
    const subnet = this.#opened();
    const endpoints = Array.from({ length: count }, () => {
      const slot = this.#takeSlot(subnet);
      const name = `${this.prefix}${slot}`;
      return {
        name,
        slot,
        address: addressAt(subnet, slot),
        gateway: addressAt(subnet, 1),
        namespacePath: join(namespaceFolder, name),
      };
    });
    try {
      await this.#passFirewall();
      await makeEndpoints(this.#run, endpoints);
    } catch (error) {
      for (const { slot } of endpoints) this.#slots.delete(slot);
      throw error;
    }
    return endpoints;
  }

  /** Docker and others may come later than we, and have their rules made anew at any time. */
  async #passFirewall(): Promise<void> {
    const now = performance.now();
    if (now < this.#nextFirewallLook) return;
    this.#nextFirewallLook = now + networkLimits.firewallLookMs;
    await passForeignFirewall(this.#run, this.prefix);
  }

  /** The next free one in turn, so that an address rests as long as possible before it is used again. */
  #takeSlot(subnet: Subnet): number {
    const count = slotCount(subnet);
    if (this.#slots.size >= count) throw new Error(`all ${count} addresses of ${this.subnet} are in use`);
    while (this.#nextSlot >= count + 2 || this.#slots.has(this.#nextSlot)) {
      this.#nextSlot = this.#nextSlot >= count + 2 ? 2 : this.#nextSlot + 1;
    }
    this.#slots.add(this.#nextSlot);
    return this.#nextSlot++;
  }

  /** Removals that come while others are under way are done together. */
  #remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return Promise.resolve();
    if (this.#removal !== undefined) {
      this.#removal.names.push(...names);
      return this.#removal.done;
    }
    const batch = { names: [...names], done: Promise.resolve() };
    batch.done = this.#lastRemoval
      .catch(() => {})
      .then(async () => {
        this.#removal = undefined;
        await removeEndpoints(this.#run, batch.names);
        await this.#policies?.lift(batch.names.map(name => this.#addressOf(name)));
        for (const name of batch.names) this.#slots.delete(this.#slotOf(name));
      });
    this.#removal = batch;
    this.#lastRemoval = batch.done;
    return batch.done;
  }

  #slotOf(name: string): number {
    return Number(name.slice(this.prefix.length));
  }

  #addressOf(name: string): string {
    return addressAt(this.#opened(), this.#slotOf(name));
  }

  #opened(): Subnet {
    if (this.#subnet === undefined) throw new Error('the network is not open');
    return this.#subnet;
  }

  #scope(): RuleScope {
    return {
      table: this.#table,
      interfacePrefix: this.prefix,
      subnet: this.subnet,
      gateway: addressAt(this.#opened(), 1),
    };
  }
}

async function enableForwarding(): Promise<void> {
  const file = '/proc/sys/net/ipv4/ip_forward';
  if ((await readFile(file, 'utf8')).trim() !== '1') await writeFile(file, '1\n');
}
