import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandError, type RunCommand } from '../lib/command.ts';
import { networkLimits } from './limits.ts';

/**
 * A network namespace with an address, ready for one workload: `eth0` inside, and a host end that has the
 * name of the namespace. It is a routed point-to-point link, not a port of a bridge: nothing of layer 2 is
 * shared with neighbours, and there is no limit of ports.
 */
export interface Endpoint {
  readonly name: string;
  /** Its number among the addresses of the subnet, from 2. */
  readonly slot: number;
  readonly address: string;
  readonly gateway: string;
  readonly namespacePath: string;
}

export const namespaceFolder = '/run/netns';

/** Makes all of them or none. */
export async function makeEndpoints(run: RunCommand, endpoints: readonly Endpoint[]): Promise<void> {
  try {
    await ipBatch(run, endpoints.flatMap(hostSide));
    const waiting = [...endpoints];
    const workers = Array.from({ length: networkLimits.parallelInside }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await ipBatch(run, inside(next), ['-n', next.name]);
      }
    });
    await Promise.all(workers);
  } catch (error) {
    await removeEndpoints(
      run,
      endpoints.map(endpoint => endpoint.name),
    ).catch(() => {});
    throw error;
  }
}

function hostSide({ name, address, gateway }: Endpoint): string[] {
  return [
    `netns add ${name}`,
    `link add ${name} type veth peer name eth0 netns ${name}`,
    `addr add ${gateway} peer ${address}/32 dev ${name}`,
    `link set dev ${name} addrgenmode none up`,
  ];
}

function inside({ address, gateway }: Endpoint): string[] {
  return [
    'link set dev lo up',
    `addr add ${address} peer ${gateway}/32 dev eth0`,
    'link set dev eth0 addrgenmode none up',
    `route add default via ${gateway} dev eth0`,
  ];
}

/**
 * Removes namespaces and host ends by name; resolves when the interfaces are gone. Names that do not exist
 * are no error. Taking down a namespace takes its link with it, many at once far faster than link by link.
 */
export async function removeEndpoints(run: RunCommand, names: readonly string[]): Promise<void> {
  const namespaces = new Set(await entries(namespaceFolder));
  const present = names.filter(name => namespaces.has(name));
  await deleteAll(run, present, 'netns del');
  // Without a namespace nothing takes the link down but we.
  const timeoutMs = present.length > 0 ? networkLimits.vanishTimeoutMs : 0;
  const slow = await waitUntilGone(names, timeoutMs);
  await deleteAll(run, slow, 'link del dev');
  const left = await waitUntilGone(slow, networkLimits.vanishTimeoutMs);
  if (left.length > 0) throw new Error(`network interfaces could not be removed: ${left.join(', ')}`);
}

/** What is gone already is no error; what stays is seen afterwards. */
async function deleteAll(run: RunCommand, names: readonly string[], command: string): Promise<void> {
  const lines = names.map(name => `${command} ${name}`);
  await ipBatch(run, lines, ['-force']).catch(error => {
    if (!(error instanceof CommandError)) throw error;
  });
}

/** Names of namespaces and host ends that begin so. */
export async function listEndpoints(prefix: string): Promise<string[]> {
  const all = [...(await entries(namespaceFolder)), ...(await entries('/sys/class/net'))];
  return [...new Set(all.filter(name => name.startsWith(prefix)))];
}

async function waitUntilGone(names: readonly string[], timeoutMs: number): Promise<string[]> {
  const deadline = Date.now() + timeoutMs;
  while (true) {
    const interfaces = new Set(await entries('/sys/class/net'));
    const left = names.filter(name => interfaces.has(name));
    if (left.length === 0 || Date.now() >= deadline) return left;
    await delay(networkLimits.vanishPollMs);
  }
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function ipBatch(
  run: RunCommand,
  lines: readonly string[],
  options: readonly string[] = [],
): Promise<void> {
  if (lines.length === 0) return;
  await run('ip', [...options, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
