import { runCommand } from '../../src/lib/command.ts';
import { NotHere } from '../bench.ts';

/** Names of interfaces have 15 characters at most; the process id keeps two runs apart. */
const tag = process.pid;

export interface Bridge {
  readonly name: string;
}

/** A bridge with an address, for Docker's containers. */
export async function makeBridge(cleanUp: AsyncDisposableStack): Promise<Bridge> {
  const name = `bbr${tag}`;
  const block = await freeBlock();
  await ip('link', 'add', 'name', name, 'type', 'bridge');
  cleanUp.defer(() => ip('link', 'del', name));
  await ip('addr', 'add', `${block}.1/24`, 'dev', name);
  await ip('link', 'set', name, 'up');
  return { name };
}

export interface Namespace {
  readonly path: string;
  /** Of what runs inside, as seen from the host. */
  readonly address: string;
}

/** A network namespace with a link to the host, as one workload of Berth has it. */
export async function makeNamespace(cleanUp: AsyncDisposableStack): Promise<Namespace> {
  const name = `bbn${tag}`;
  const block = await freeBlock();
  const address = `${block}.2`;
  await ip('netns', 'add', name);
  cleanUp.defer(() => ip('netns', 'del', name));
  await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  await ip('addr', 'add', `${block}.1/24`, 'dev', name);
  await ip('link', 'set', name, 'up');
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  await ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  await ip('-n', name, 'route', 'add', 'default', 'via', `${block}.1`);
  return { path: `/run/netns/${name}`, address };
}

/** The first three numbers of a private block of 256 addresses that nothing here uses. */
async function freeBlock(): Promise<string> {
  const { stdout } = await runCommand('ip', ['-4', 'route', 'show', 'table', 'all']);
  for (let second = 31; second >= 20; second--) {
    if (!stdout.includes(`172.${second}.`)) return `172.${second}.77`;
  }
  throw new NotHere('needs a free block of addresses between 172.20.0.0 and 172.31.255.255');
}

async function ip(...args: readonly string[]): Promise<void> {
  await runCommand('ip', args);
}
