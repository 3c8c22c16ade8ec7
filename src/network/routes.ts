import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, type RunCommand } from '../lib/command.ts';
import { BerthError } from '../lib/errors.ts';
import { candidates, formatSubnet, overlaps, parseBlock, parseSubnet, type Subnet } from './subnet.ts';

export interface SubnetChoice {
  /** Folder that remembers the choice. */
  readonly folder: string;
  /** Decides where the search for a free block begins. */
  readonly seed: string;
  /** The setting; a block is chosen when absent. */
  readonly subnet?: string;
}

/**
 * Takes a block of addresses for this data directory: the one it had before, else the one that was asked
 * for, else a free one. The claim is a route that makes addresses without a workload unreachable; adding it
 * fails where another server has just taken the same block.
 * @throws {Error} when the wanted block is in use, or no block is free
 */
export async function claimSubnet(run: RunCommand, choice: SubnetChoice): Promise<Subnet> {
  const wanted = choice.subnet === undefined ? undefined : parseSubnet(choice.subnet);
  const file = join(choice.folder, 'subnet');
  const remembered = await readRemembered(file);
  if (remembered && (!wanted || formatSubnet(wanted) === formatSubnet(remembered))) {
    await addClaim(run, remembered);
    return remembered;
  }
  const taken = await blocksInUse(run);
  const free = (wanted ? [wanted] : candidates(choice.seed)).filter(
    block => !taken.some(other => overlaps(block, other)),
  );
  for (const block of free) {
    if (!(await addClaim(run, block))) continue;
    if (remembered) await releaseSubnet(run, remembered);
    await mkdir(choice.folder, { recursive: true });
    await writeFile(file, `${formatSubnet(block)}\n`);
    return block;
  }
  throw new BerthError(
    'no-capacity',
    wanted
      ? `network.subnet: ${choice.subnet} overlaps addresses that this machine uses or routes`
      : 'network.subnet: no /16 between 10.128.0.0 and 10.223.255.255 is free; name one',
  );
}

export async function releaseSubnet(run: RunCommand, subnet: Subnet): Promise<void> {
  await ifExists(run('ip', ['route', 'del', 'unreachable', formatSubnet(subnet)]));
}

/** @returns false when there is such a route already */
async function addClaim(run: RunCommand, subnet: Subnet): Promise<boolean> {
  return ifExists(run('ip', ['route', 'add', 'unreachable', formatSubnet(subnet)]));
}

async function readRemembered(file: string): Promise<Subnet | undefined> {
  try {
    return parseSubnet((await readFile(file, 'utf8')).trim());
  } catch {
    return undefined; // the first start, or a file that means nothing
  }
}

/** Addresses and routes of the machine, and its name servers, which must stay reachable. */
async function blocksInUse(run: RunCommand): Promise<Subnet[]> {
  const [routes, addresses, resolver] = await Promise.all([
    run('ip', ['-4', '-j', 'route', 'show', 'table', 'all']),
    run('ip', ['-4', '-j', 'addr', 'show']),
    readFile('/etc/resolv.conf', 'utf8').catch(() => ''),
  ]);
  const texts = [
    ...(JSON.parse(routes.stdout || '[]') as { dst?: string }[]).map(route => route.dst),
    ...(JSON.parse(addresses.stdout || '[]') as { addr_info?: { local?: string; prefixlen?: number }[] }[])
      .flatMap(link => link.addr_info ?? [])
      .map(info => `${info.local}/${info.prefixlen}`),
    ...Array.from(resolver.matchAll(/^nameserver\s+(\S+)/gm), match => match[1]),
  ];
  return texts.flatMap(text => parseBlock(text ?? '') ?? []);
}

async function ifExists(command: Promise<unknown>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (error) {
    if (error instanceof CommandError && /File exists|No such process/.test(error.stderr)) return false;
    throw error;
  }
}
