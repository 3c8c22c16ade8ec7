import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../src/lib/command.ts';
import { randomId } from '../../src/lib/ids.ts';
import { eventually, programs, send } from '../support/index.ts';

/**
 * A network namespace that plays the host of a server: with addresses that are reached by nobody else, so that
 * a test may listen on all of them. `inside` is reached from the machine, which answers at `outside`.
 */
export class HostNetwork {
  readonly name = `berth-test-${randomId(6)}`;
  readonly outside: string;
  readonly inside: string;
  /** Addresses for workloads, of a range that no server on the machine itself takes by its own choice. */
  readonly subnet: string;
  /** Further addresses of this host; the last one is where clouds hand out credentials. */
  readonly others = ['203.0.113.7', '169.254.169.254'] as const;
  readonly #link = `bt${randomId(6)}`;
  readonly #services: ChildProcess[] = [];

  private constructor(number: number) {
    const { link, workloads } = addressesOf(number);
    this.outside = `${link}.1`;
    this.inside = `${link}.2`;
    this.subnet = `${workloads}.0/24`;
  }

  static async make(): Promise<HostNetwork> {
    const host = new HostNetwork(await freeNumber());
    const { name, outside, inside, others } = host;
    try {
      await mkdir(join(tmpdir(), name)); // so that a later run knows it, if this one is killed
      await runCommand('ip', ['-batch', '-'], {
        input: [
          `netns add ${name}`,
          `link add ${host.#link} type veth peer name eth0 netns ${name}`,
          `addr add ${outside}/30 dev ${host.#link}`,
          `link set ${host.#link} up`,
        ].join('\n'),
      });
      await runCommand('ip', ['-n', name, '-batch', '-'], {
        input: [
          'link set lo up',
          'link set eth0 up',
          `addr add ${inside}/30 dev eth0`,
          ...others.map(address => `addr add ${address}/32 dev lo`),
          `route add default via ${outside}`,
        ].join('\n'),
      });
    } catch (error) {
      await host.remove();
      throw error;
    }
    return host;
  }

  /** A command in front of another one, which then runs there. */
  get enter(): [program: string, ...args: string[]] {
    return ['nsenter', `--net=/run/netns/${this.name}`];
  }

  /** Lets the machine reach an address behind this host; ends with it. */
  async route(address: string): Promise<void> {
    await runCommand('ip', ['route', 'add', address, 'via', this.inside]);
  }

  /** Runs a program of tests as a service of this host, at all of its addresses. */
  async serve(program: string, port: number): Promise<void> {
    const [command, ...args] = this.enter;
    const child = spawn(command, [...args, 'node', join(programs, program)], {
      env: { PATH: process.env.PATH, PORT: String(port) },
      stdio: 'ignore',
    });
    this.#services.push(child);
    await eventually(`${program} at port ${port}`, () =>
      send(`http://${this.inside}:${port}/`).then(
        () => true,
        () => false,
      ),
    );
  }

  async remove(): Promise<void> {
    for (const child of this.#services.splice(0)) {
      const ended = once(child, 'exit');
      if (child.kill('SIGKILL')) await ended;
    }
    await runCommand('ip', ['link', 'del', this.#link]).catch(() => {});
    await runCommand('ip', ['netns', 'del', this.name]).catch(() => {});
    await rm(join(tmpdir(), this.name), { recursive: true, force: true });
  }
}

const numbers = 2 ** 13;

function addressesOf(number: number): { link: string; workloads: string } {
  const [high, low] = [number >> 8, number & 0xff];
  return { link: `198.${18 + (high % 2)}.${low}`, workloads: `10.${224 + (high % 32)}.${low}` };
}

/** Of those whose addresses this machine neither has nor reaches, one that other test files hardly look at first. */
async function freeNumber(): Promise<number> {
  const { stdout } = await runCommand('ip', ['-4', 'route', 'show', 'table', 'all']);
  for (let tried = 0; tried < numbers; tried++) {
    const number = (process.pid + tried) % numbers;
    const { link, workloads } = addressesOf(number);
    if (!stdout.includes(`${link}.`) && !stdout.includes(`${workloads}.`)) return number;
  }
  throw new Error('all addresses for hosts of tests are in use');
}
