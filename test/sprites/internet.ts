import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../src/lib/command.ts';
import { randomId } from '../../src/lib/ids.ts';
import type { HostNetwork } from '../durability/host-network.ts';
import { eventually, programs } from '../support/index.ts';

export const webPort = 8_099;

/** Those of this machine that are not on its own loopback: what sandboxes and the server ask there. */
const nameServers = Array.from(
  (await readFile('/etc/resolv.conf', 'utf8')).matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm),
  match => match[1] ?? '',
).filter(address => !address.startsWith('127.'));

/** For `test(..., { skip })`: false where there can be one. */
export const cannotPlay: string | false =
  nameServers.length > 0 ? false : 'needs a name server in /etc/resolv.conf that is not on the loopback';

/**
 * A namespace behind a host of tests that plays the internet: it has the addresses of a zone, of the name servers
 * that this machine uses, and an HTTP server at each.
 */
export class Internet {
  readonly #name = `berth-test-${randomId(6)}`;
  readonly #host: HostNetwork;
  #server: ChildProcess | undefined;

  private constructor(host: HostNetwork) {
    this.#host = host;
  }

  /** @param zone name -> IPv4 address */
  static async make(host: HostNetwork, zone: Readonly<Record<string, string>>): Promise<Internet> {
    const internet = new Internet(host);
    try {
      await internet.#connect([...new Set([...Object.values(zone), ...nameServers])]);
      await internet.#serve(zone);
    } catch (error) {
      await internet.remove();
      throw error;
    }
    return internet;
  }

  async #connect(addresses: readonly string[]): Promise<void> {
    const [near, far] = ['198.51.100.1', '198.51.100.2'];
    await runCommand('ip', ['netns', 'add', this.#name]);
    await runCommand('ip', ['-n', this.#host.name, '-batch', '-'], {
      input: [
        `link add net0 type veth peer name eth0 netns ${this.#name}`,
        `addr add ${near}/30 dev net0`,
        'link set net0 up',
        ...addresses.map(address => `route add ${address} via ${far} onlink dev net0`),
      ].join('\n'),
    });
    await runCommand('ip', ['-n', this.#name, '-batch', '-'], {
      input: [
        'link set lo up',
        `addr add ${far}/30 dev eth0`,
        'link set eth0 up',
        ...addresses.map(address => `addr add ${address}/32 dev lo`),
        `route add default via ${near}`,
      ].join('\n'),
    });
  }

  async #serve(zone: Readonly<Record<string, string>>): Promise<void> {
    const server = spawn('nsenter', [`--net=/run/netns/${this.#name}`, 'node', join(programs, 'names.js')], {
      env: {
        PATH: process.env.PATH,
        PORT: String(webPort),
        ADDRESSES: nameServers.join(','),
        ZONE: JSON.stringify(zone),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#server = server;
    const listening = ['nsenter', `--net=/run/netns/${this.#name}`, 'ss', '-Hltn'] as const;
    await eventually('the internet of the test', async () => {
      const [program, ...args] = listening;
      return (await runCommand(program, args)).stdout.includes(`:${webPort}`);
    });
  }

  async remove(): Promise<void> {
    if (this.#server !== undefined) {
      const ended = once(this.#server, 'exit');
      if (this.#server.kill('SIGKILL')) await ended;
    }
    await runCommand('ip', ['netns', 'del', this.#name]).catch(() => {});
  }
}
