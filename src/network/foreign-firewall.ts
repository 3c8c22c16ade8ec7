import { CommandError, type RunCommand } from '../lib/command.ts';

/**
 * Docker, ufw and others set the policy of the machine's FORWARD chain to drop, which would cut workloads
 * off the network. Rules that let our interfaces pass there do not open anything: our own table, whose drops
 * are final, still decides.
 */
export async function passForeignFirewall(run: RunCommand, interfacePrefix: string): Promise<void> {
  if (!(await dropsForwarded(run))) return;
  for (const rule of passRules(interfacePrefix)) {
    if (!(await succeeds(run, ['-C', 'FORWARD', ...rule]))) {
      await run('iptables', ['-w', '-I', 'FORWARD', ...rule]);
    }
  }
}

export async function undoForeignFirewall(run: RunCommand, interfacePrefix: string): Promise<void> {
  for (const rule of passRules(interfacePrefix)) await succeeds(run, ['-D', 'FORWARD', ...rule]);
}

function passRules(interfacePrefix: string): string[][] {
  return [
    ['-i', `${interfacePrefix}+`, '-j', 'ACCEPT'],
    ['-o', `${interfacePrefix}+`, '-j', 'ACCEPT'],
  ];
}

async function dropsForwarded(run: RunCommand): Promise<boolean> {
  try {
    const { stdout } = await run('iptables', ['-w', '-S', 'FORWARD']);
    return /^-P FORWARD (DROP|REJECT)/m.test(stdout);
  } catch (error) {
    if (error instanceof CommandError) return false; // no iptables, so none of those tools either
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
