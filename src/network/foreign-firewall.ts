import { CommandError, type RunCommand } from '../lib/command.ts';

const chains = ['FORWARD', 'INPUT'] as const;
type Chain = (typeof chains)[number];

/**
 * Docker, ufw and others set the policy of the machine's FORWARD chain to drop, which would cut workloads
 * off the network, and that of INPUT, which would cut those under a policy off the server's name service. Rules
 * that let our interfaces pass there do not open anything: our own table, whose drops are final, still decides.
 */
export async function passForeignFirewall(run: RunCommand, interfacePrefix: string): Promise<void> {
  const dropping = await droppingChains(run);
  for (const [chain, ...rule] of passRules(interfacePrefix)) {
    if (!dropping.includes(chain)) continue;
    if (!(await succeeds(run, ['-C', chain, ...rule]))) await run('iptables', ['-w', '-I', chain, ...rule]);
  }
}

export async function undoForeignFirewall(run: RunCommand, interfacePrefix: string): Promise<void> {
  for (const rule of passRules(interfacePrefix)) await succeeds(run, ['-D', ...rule]);
}

function passRules(interfacePrefix: string): [Chain, ...string[]][] {
  return [
    ['FORWARD', '-i', `${interfacePrefix}+`, '-j', 'ACCEPT'],
    ['FORWARD', '-o', `${interfacePrefix}+`, '-j', 'ACCEPT'],
    ['INPUT', '-i', `${interfacePrefix}+`, '-j', 'ACCEPT'],
  ];
}

async function droppingChains(run: RunCommand): Promise<Chain[]> {
  try {
    const { stdout } = await run('iptables', ['-w', '-S']);
    return chains.filter(chain => new RegExp(`^-P ${chain} (DROP|REJECT)`, 'm').test(stdout));
  } catch (error) {
    if (error instanceof CommandError) return []; // no iptables, so none of those tools either
    throw error;
  }
}

async function succeeds(run: RunCommand, args: readonly string[]): Promise<boolean> {
  try {
    await run('iptables', ['-w', ...args]);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
