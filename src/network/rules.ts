import type { RunCommand } from '../lib/command.ts';
import { networkLimits } from './limits.ts';
import { privateBlocks } from './policy/public-address.ts';

/** What the packet filter needs to know of one server's network. */
export interface RuleScope {
  /** Name of the table; one per data directory. */
  readonly table: string;
  /** All host ends of workloads begin with this, and no other interface does. */
  readonly interfacePrefix: string;
  readonly subnet: string;
  /** The host's address as workloads see it. */
  readonly gateway: string;
}

/** Elements of the sets of all workloads together; the kernel makes room as it is needed. */
const maxElements = 1_048_576;

/**
 * The rules that hold for every workload, known by the name of its interface, so that nothing but elements of
 * sets is added or removed as workloads come and go:
 * - a packet from a workload must carry the source address of its own interface;
 * - a workload reaches no address of the host (nor what the host forwards from its own addresses);
 * - workloads reach each other only where `pairs` allows it; nobody else reaches one through the host;
 * - link-local addresses, where clouds hand out credentials, are out of reach but for name service;
 * - what goes elsewhere leaves with the host's address.
 *
 * A workload whose address is in `policed` reaches only addresses that it was granted: by `allowed` it may open
 * connections, by `in_use` those that it has opened go on. Every packet is looked up, so that taking an address out
 * of both sets cuts its connections. Its questions about names go to the server's own name service, whomever
 * they are for (see {@link answerNamesAt}).
 *
 * The sets stay as they are when the rules are put in place again: so policies hold while the server is away,
 * and when it comes back.
 */
export function ruleset({ table, interfacePrefix, subnet, gateway }: RuleScope): string {
  const workload = `"${interfacePrefix}*"`;
  const use = `update @in_use { ip saddr . ip daddr timeout ${networkLimits.quietConnectionSeconds}s }`;
  return `
table inet ${table}
flush table inet ${table}
table inet ${table} {
  set pairs {
    type ipv4_addr . ipv4_addr
  }
  set policed {
    type ipv4_addr
  }
  set allowed {
    type ipv4_addr . ipv4_addr
    size ${maxElements}
    flags timeout
  }
  set in_use {
    type ipv4_addr . ipv4_addr
    size ${maxElements}
    flags dynamic, timeout
  }
  chain arriving {
    type filter hook prerouting priority mangle; policy accept;
    iifname != ${workload} return
    meta nfproto ipv6 drop
    fib saddr . iif oif 0 drop
    ct state established,related accept
    ip saddr @policed ip daddr ${gateway} meta l4proto { tcp, udp } th dport 53 accept
    fib daddr type != unicast drop
  }
  chain names {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain to_host {
    type filter hook input priority filter; policy accept;
    iifname ${workload} ip saddr @policed ip daddr ${gateway} ct status dnat accept
    iifname ${workload} ct state != { established, related } drop
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain from_policed {
    ct direction reply ct state established return
    ip daddr { ${privateBlocks.join(', ')} } goto refuse
    ct state established ip saddr . ip daddr @in_use ${use} return
    ip saddr . ip daddr @allowed ${use} return
    goto refuse
  }
  chain to_policed {
    ct direction original return
    ct state related return
    ip daddr . ip saddr @in_use return
    drop
  }
  chain through {
    type filter hook forward priority filter; policy accept;
    iifname ${workload} ip saddr @policed jump from_policed
    oifname ${workload} ip daddr @policed jump to_policed
    ct state established,related accept
    iifname ${workload} oifname ${workload} ip saddr . ip daddr @pairs accept
    oifname ${workload} drop
    iifname ${workload} ip daddr 169.254.0.0/16 meta l4proto { tcp, udp } th dport 53 accept
    iifname ${workload} ip daddr 169.254.0.0/16 drop
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${subnet} oifname != ${workload} masquerade
  }
}
flush set inet ${table} pairs
`;
}

/** Puts the rules in force at once, in place of older ones of the same table. */
export async function applyRules(run: RunCommand, scope: RuleScope): Promise<void> {
  await run('nft', ['-f', '-'], { input: ruleset(scope) });
}

export async function removeRules(run: RunCommand, { table }: RuleScope): Promise<void> {
  await run('nft', ['-f', '-'], {
    input: `table inet ${table}\ndelete table inet ${table}\n`,
  });
}

/**
 * Sends all questions about names of workloads under a policy to a port of the gateway's address; nowhere, so that
 * they are refused, when it is undefined.
 */
export async function answerNamesAt(
  run: RunCommand,
  { table, interfacePrefix, gateway }: RuleScope,
  port: number | undefined,
): Promise<void> {
  const chain = `inet ${table} names`;
  const asked = `iifname "${interfacePrefix}*" ip saddr @policed meta l4proto { tcp, udp } th dport 53`;
  const rule = port === undefined ? '' : `add rule ${chain} ${asked} dnat ip to ${gateway}:${port}\n`;
  await run('nft', ['-f', '-'], { input: `flush chain ${chain}\n${rule}` });
}

/** Lets connections from one address to another pass, or ends that. */
export async function changePair(
  run: RunCommand,
  { table }: RuleScope,
  change: 'add' | 'delete',
  from: string,
  to: string,
): Promise<void> {
  await run('nft', [change, 'element', 'inet', table, 'pairs', `{ ${from} . ${to} }`]);
}
