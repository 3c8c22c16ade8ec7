import type { RunCommand } from '../lib/command.ts';

/** What the packet filter needs to know of one server's network. */
export interface RuleScope {
  /** Name of the table; one per data directory. */
  readonly table: string;
  /** All host ends of workloads begin with this, and no other interface does. */
  readonly interfacePrefix: string;
  readonly subnet: string;
}

/**
 * The rules that hold for every workload, known by the name of its interface, so that nothing is added or
 * removed as workloads come and go:
 * - a packet from a workload must carry the source address of its own interface;
 * - a workload reaches no address of the host (nor what the host forwards from its own addresses);
 * - workloads reach each other only where `pairs` allows it; nobody else reaches one through the host;
 * - link-local addresses, where clouds hand out credentials, are out of reach but for name service;
 * - what goes elsewhere leaves with the host's address.
 */
export function ruleset({ table, interfacePrefix, subnet }: RuleScope): string {
  const workload = `"${interfacePrefix}*"`;
  return `
table inet ${table}
delete table inet ${table}
table inet ${table} {
  set pairs {
    type ipv4_addr . ipv4_addr
  }
  chain arriving {
    type filter hook prerouting priority mangle; policy accept;
    iifname != ${workload} return
    meta nfproto ipv6 drop
    fib saddr . iif oif 0 drop
    ct state established,related accept
    fib daddr type != unicast drop
  }
  chain to_host {
    type filter hook input priority filter; policy accept;
    iifname ${workload} ct state != { established, related } drop
  }
  chain through {
    type filter hook forward priority filter; policy accept;
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
