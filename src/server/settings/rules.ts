import { isIP, isIPv4 } from 'node:net';
import { describeOrigin, type Origin, type SettingProblem } from './origin.ts';
import type { SettingValue } from './setting.ts';
import type { SettingName } from './settings.ts';

type Values = ReadonlyMap<SettingName, SettingValue>;
type Origins = ReadonlyMap<SettingName, Origin>;

/** What no setting can say about itself alone. */
export function crossChecks(values: Values, origins: Origins): SettingProblem[] {
  const problem = (name: SettingName, text: string): SettingProblem => {
    const origin = origins.get(name) ?? { source: 'default' };
    return { name, message: `${name}: ${text} (${describeOrigin(origin)})` };
  };
  const problems: SettingProblem[] = [];

  const host = String(values.get('host'));
  if (!isLoopback(host) && values.get('insecure') !== true) {
    const reason =
      'is reachable from other machines, and Berth speaks plain HTTP: tokens would travel unprotected';
    const remedy = 'Listen on 127.0.0.1 behind a TLS proxy, or accept the risk with --insecure';
    problems.push(problem('host', `${host} ${reason}. ${remedy}`));
  }

  for (const name of ['trusted_proxies', 'rerobots.eurl.allow'] as const) {
    const networks = values.get(name);
    if (typeof networks !== 'string' || networks === '') continue;
    const wrong = networks.split(',').find(part => !isNetwork(part.trim()));
    if (wrong !== undefined) {
      problems.push(problem(name, `${wrong.trim()} is neither an address nor a network`));
    }
  }

  const ports = values.get('rerobots.ssh.ports');
  if (typeof ports === 'string') {
    const [first = 0, last = 0] = ports.split('-').map(Number);
    if (first < 1 || last > 65_535 || first > last) {
      problems.push(problem('rerobots.ssh.ports', `${ports} is no range of ports from 1 to 65535`));
    }
  }

  const segment = Number(values.get('logs.segment_bytes'));
  const total = Number(values.get('logs.max_bytes'));
  if (segment * 2 > total) {
    const text = `${total} bytes must be at least twice logs.segment_bytes (${segment})`;
    problems.push(problem('logs.max_bytes', text));
  }

  const subnet = values.get('network.subnet');
  if (typeof subnet === 'string' && subnet !== networkAddress(subnet)) {
    problems.push(
      problem('network.subnet', `${subnet} has host bits set, it should be ${networkAddress(subnet)}`),
    );
  }
  return problems;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** An address, or one with the length of a prefix. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const longest = isIP(address) === 6 ? 128 : 32;
  const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest);
  return isIP(address) !== 0 && fits && rest.length === 0;
}

function networkAddress(subnet: string): string {
  const [address = '', prefix = '32'] = subnet.split('/');
  const bits = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(bits / size) * size;
  const bytes = [24, 16, 8, 0].map(shift => Math.floor(first / 2 ** shift) % 256);
  return `${bytes.join('.')}/${prefix}`;
}
