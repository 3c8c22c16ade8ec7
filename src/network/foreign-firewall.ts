import { CommandError, runCommand } from '../lib/command.ts';

/**
 * Docker, ufw and others set the policy of the machine's FORWARD chain to drop, which would cut workloads
 * off the network. Rules that let our interfaces pass there do not open anything: our own table, whose drops
 * are final, still decides.
 */
export async function passForeignFirewall(interfacePrefix: string): Promise<void> {
  if (!(await dropsForwarded())) return;
  for (const rule of passRules(interfacePrefix)) {
    if (!(await succeeds(['-C', 'FORWARD', ...rule]))) {
      await runCommand('iptables', ['-w', '-I', 'FORWARD', ...rule]);
    }
  }
}

export async function undoForeignFirewall(interfacePrefix: string): Promise<void> {
  for (const rule of passRules(interfacePrefix)) await succeeds(['-D', 'FORWARD', ...rule]);
}

function passRules(interfacePrefix: string): string[][] {
  return [
    ['-i', `${interfacePrefix}+`, '-j', 'ACCEPT'],
    ['-o', `${interfacePrefix}+`, '-j', 'ACCEPT'],
  ];
}

async function dropsForwarded(): Promise<boolean> {
  try {
    const { stdout } = await runCommand('iptables', ['-w', '-S', 'FORWARD']);
    return /^-P FORWARD (DROP|REJECT)/m.test(stdout);
  } catch (error) {
    if (error instanceof CommandError) return false; // no iptables, so none of those tools either
    throw error;
  }
}

async function succeeds(args: readonly string[]): Promise<boolean> {
  try {
    await runCommand('iptables', ['-w', ...args]);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
